"""``/x/plan``: what a prompt would do, without running it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from engine.errors import InvalidPrompt, InvalidWorkflow
from engine.graph.outlook import outlook, peak_bytes, total_ms
from engine.graph.prompt import Prompt, parse
from engine.graph.validate import refuse, validate
from engine.store import jobs, timings

from ..people import person_of
from ..request import json_object
from ..state import ServerState, state_of
from .prompt import FIRST_START_SECONDS, graph_of, targets_of


async def show(request: web.Request) -> web.Response:
    """Per node cached, run, idle or blocked, with reasons, usual milliseconds and bytes.

    Estimates are medians of past runs of the same kind of node on this machine: ``ms``,
    ``bytes`` of the result, and ``peak``, what the call takes of the device on top (null where
    nothing was measured). ``total_ms`` and ``peak_bytes`` are those of the whole run (the latter
    null on a CPU).

    The body is that of ``POST /prompt``; faults do not make this fail, they block nodes.
    """
    state, body = state_of(request), await json_object(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    try:
        prompt = parse(graph_of(body, state)[0])
        states, errors = await _states(prompt, body, state)
    except (InvalidPrompt, InvalidWorkflow) as error:
        return web.json_response({"error": str(error)}, status=400)
    previous = await _previous(state, person_of(request).owner)
    usual = await state.database.run(timings.usual)
    prospects = outlook(prompt, states, errors, previous, usual)
    nodes = {id: asdict(prospect) for id, prospect in prospects.items()}
    totals = {"total_ms": total_ms(prospects), "peak_bytes": peak_bytes(prompt, prospects)}
    return web.json_response({"nodes": nodes, **totals})


async def _states(
    prompt: Prompt, body: Mapping[str, Any], state: ServerState
) -> tuple[Mapping[str, str], Mapping[str, Any]]:
    """What the worker says of the nodes that may run, and the faults of the others."""
    specs, questions = state.catalogue.specs, state.dispatcher.questions
    try:
        checked = validate(prompt, specs, state.config.folders.list, targets_of(body))
        checked = refuse(checked, await questions.faults(checked.prompt, specs))
    except InvalidPrompt as error:
        if not error.node_errors:
            raise
        return {}, error.node_errors
    states = await questions.states(checked.prompt, checked.outputs)
    if states is None:
        raise web.HTTPServiceUnavailable(text="The worker did not answer; try again.")
    return states, checked.node_errors


async def _previous(state: ServerState, owner: str | None) -> Prompt | None:
    """The prompt that ran last, of one person or of all."""
    last = await state.database.run(jobs.history, 1, owner=owner)
    try:
        return parse(last[0].prompt) if last else None
    except InvalidPrompt:
        return None


ROUTES = [web.post("/x/plan", show)]
