"""``/x/sweep``: one workflow for every combination of some values.

Each combination is a job of its own, with the prompt and workflow of just that combination, so
that a picture of it opens as what made it. What combinations share is computed once, because
results are known by what made them.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from engine.errors import InvalidPrompt, InvalidWorkflow
from engine.graph.prompt import parse
from engine.graph.revalue import with_inputs
from engine.graph.signature import signatures
from engine.graph.sweep import Axis, Cell, cells, check_axes, read_axes, with_values
from engine.graph.validate import Validated, refuse, validate
from engine.store import jobs
from engine.store.jobs import Job

from ..order import Order, order
from ..people import person_of
from ..request import bad, json_object
from ..state import ServerState, state_of
from .jobs import STATUS
from .prompt import FIRST_START_SECONDS, graph_of, make_job, targets_of


async def start(request: web.Request) -> web.Response:
    """Queue a job for each combination of the values of ``axes``: ``[{node, input, values}]``.

    The rest of the body is that of ``POST /prompt``. Answers ``{sweep, cells, distinct_nodes,
    nodes}``: per cell its ``prompt_id``, ``place`` (number of the value on each axis) and
    ``values``; and how many different nodes run out of how many there are in all cells. 400 if
    any combination has a fault; then none is queued.
    """
    state, body = state_of(request), await json_object(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    try:
        graph, extra = graph_of(body, state)
        axes = read_axes(body.get("axes"))
        found = cells(_checked_axes(graph, axes), axes)
        made = [await _order(with_values(graph, axes, c), body, state) for c in found]
        whole = await make_job(body, graph, extra, made[0][1].outputs, state, person_of(request))
    except InvalidPrompt as error:
        return web.json_response(error.body(), status=400)
    except InvalidWorkflow as error:
        raise bad(str(error)) from error
    sweep = uuid.uuid4().hex
    queued = [
        (_job(whole, sweep, i, axes, cell, graph, checked, state), read)
        for i, (cell, (read, checked)) in enumerate(zip(found, made, strict=True))
    ]
    await state.dispatcher.add_all(queued)
    return web.json_response(_answer(sweep, found, [job for job, _ in queued], made, state))


def _checked_axes(graph: Any, axes: Sequence[Axis]) -> Any:
    prompt = parse(graph)
    check_axes(prompt, axes)
    return prompt


async def _order(
    graph: Mapping[str, Any], body: Mapping[str, Any], state: ServerState
) -> tuple[Order, Validated]:
    """One combination, read and validated."""
    specs, prompt = state.catalogue.specs, state.reader.read(graph)
    checked = validate(prompt, specs, state.config.folders.list, targets_of(body), state.checks)
    checked = refuse(checked, await state.dispatcher.questions.faults(checked.prompt, specs))
    if checked.node_errors:
        text = "A combination has faults, so none was queued."
        raise InvalidPrompt("invalid_sweep", text, text, node_errors=checked.node_errors)
    return order(prompt, checked.prompt), checked


def _job(
    whole: Job,
    sweep: str,
    i: int,
    axes: Sequence[Axis],
    cell: Cell,
    graph: Mapping[str, Any],
    checked: Validated,
    state: ServerState,
) -> Job:
    about = {"id": sweep, "place": cell.place, "values": cell.values}
    about["axes"] = [{"node": a.node, "input": a.input, "values": a.values} for a in axes]
    carried = dict(whole.extra.get("extra_pnginfo") or {})
    if isinstance(workflow := carried.pop("workflow", None), Mapping):
        values = {(a.node, a.input): v for a, v in zip(axes, cell.values, strict=True)}
        if (changed := with_inputs(workflow, state.catalogue.specs, values)) is not None:
            carried["workflow"] = changed
    return replace(
        whole,
        id=str(uuid.uuid4()),
        number=whole.number + i,
        prompt=with_values(graph, axes, cell),
        targets=checked.outputs,
        extra={**whole.extra, "extra_pnginfo": carried, "sweep": about},
    )


def _answer(
    sweep: str,
    found: Sequence[Cell],
    queued: Sequence[Job],
    made: Sequence[tuple[Order, Validated]],
    state: ServerState,
) -> dict[str, Any]:
    specs = state.catalogue.specs
    names = [signatures(checked.prompt, specs, lambda folder, name: name) for _, checked in made]
    shown = [
        {"prompt_id": job.id, "place": cell.place, "values": cell.values}
        for job, cell in zip(queued, found, strict=True)
    ]
    distinct = len({name for each in names for name in each.values()})
    return {
        "sweep": sweep,
        "cells": shown,
        "distinct_nodes": distinct,
        "nodes": sum(map(len, names)),
    }


async def show(request: web.Request) -> web.Response:
    """The cells of a sweep: ``{axes, cells}``, per cell its job's status and what it showed."""
    state, person = state_of(request), person_of(request)
    found = await state.database.run(jobs.of_sweep, request.match_info["id"])
    found = [job for job in found if person.may_see(job.owner)]
    if not found:
        raise bad(f"There is no sweep '{request.match_info['id']}'.", web.HTTPNotFound)
    shown = [
        {
            "prompt_id": job.id,
            "place": job.extra["sweep"]["place"],
            "values": job.extra["sweep"]["values"],
            "status": STATUS[job.state],
            "outputs": job.outputs,
        }
        for job in found
    ]
    return web.json_response({"axes": found[0].extra["sweep"]["axes"], "cells": shown})


ROUTES = [web.post("/x/sweep", start), web.get("/x/sweep/{id}", show)]
