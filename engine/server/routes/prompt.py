"""``/prompt``: check a prompt and put it into the queue.

The body's ``prompt`` may be an API-format graph or a canvas workflow.
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.errors import InvalidPrompt, InvalidWorkflow, JobConflict
from engine.graph.replacements import named, replaced
from engine.graph.validate import refuse, validate
from engine.graph.workflow import is_workflow, to_prompt
from engine.store import jobs

from ..people import Person, person_of
from ..request import bad, json_object
from ..state import ServerState, state_of

#: Keys of ``extra_data`` that answers, history and files never show.
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")
#: How long the first start may take to tell which nodes there are.
FIRST_START_SECONDS = 120.0


async def submit(request: web.Request) -> web.Response:
    """Queue a prompt.

    Answers 200 ``{prompt_id, number, node_errors}`` once the job is on disk, or 400 with
    ``{error, node_errors}``, which names every fault.
    """
    state, body = state_of(request), await json_object(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    if state.dispatcher.passage.asks_prompts:
        body = dict(await state.dispatcher.questions.body(body))
    try:
        graph, extra = graph_of(body, state)
        if state.config.traces and (parent := request.headers.get("traceparent")):
            extra["traceparent"] = parent
        prompt = state.reader.read(graph)
        specs, files = state.catalogue.specs, state.config.folders.list
        checked = validate(prompt, specs, files, targets_of(body), state.checks)
        checked = refuse(checked, await state.dispatcher.questions.faults(checked.prompt, specs))
        job = await make_job(body, graph, extra, checked.outputs, state, person_of(request))
        await state.dispatcher.add(job, prompt, checked.prompt)
    except InvalidPrompt as error:
        return web.json_response(error.body(), status=400)
    except (InvalidWorkflow, JobConflict) as error:
        refused = InvalidPrompt("invalid_prompt", str(error), str(error))
        return web.json_response(refused.body(), status=400)
    answer = {"prompt_id": job.id, "number": job.number, "node_errors": checked.node_errors}
    return web.json_response(answer)


def graph_of(body: Mapping[str, Any], state: ServerState) -> tuple[Any, dict[str, Any]]:
    """The API-format graph of the body, without nodes that were replaced, and its extra data."""
    graph: Any = body.get("prompt")
    known = state.catalogue
    extra = body.get("extra_data") or {}
    if not isinstance(extra, Mapping):
        raise bad("'extra_data' must be an object.")
    if is_workflow(graph):
        carried = {"workflow": graph, **(extra.get("extra_pnginfo") or {})}
        missing = {kind: r for kind, r in known.replacements.items() if kind not in known.specs}
        extra = {**extra, "extra_pnginfo": carried}
        graph = to_prompt(named(graph, missing) if missing else graph, known.specs)
    return replaced(graph, known.replacements, known.specs), dict(extra)


def targets_of(body: Mapping[str, Any]) -> list[str] | None:
    """Ids of the only output nodes to run, if the body names some."""
    targets = body.get("partial_execution_targets")
    if targets is not None and not isinstance(targets, list):
        raise bad("'partial_execution_targets' must be a list of node ids.")
    return targets


async def make_job(
    body: Mapping[str, Any],
    graph: Any,
    extra: dict[str, Any],
    outputs: tuple[str, ...],
    state: ServerState,
    person: Person,
) -> jobs.Job:
    """The job of a request, with an id and a place in the queue."""
    secrets = {key: extra.pop(key) for key in SECRETS if key in extra}
    client = body.get("client_id")
    if client is not None:
        extra["client_id"] = client
    return jobs.Job(
        id=_id(body.get("prompt_id")),
        number=await _number(body, state),
        prompt=graph,
        targets=outputs,
        extra=extra,
        secrets=secrets,
        client=None if client is None else person.session(str(client)),
        owner=person.id if person.is_account else None,
        created=time.time(),
    )


def _id(wanted: Any) -> str:
    if wanted is None:
        return str(uuid.uuid4())
    if not isinstance(wanted, str) or not 0 < len(wanted) <= 200:
        text = f"prompt_id is {wanted!r}; give a UUID or leave it out."
        raise InvalidPrompt("invalid_prompt_id", "Invalid prompt id", text)
    return wanted


async def _number(body: Mapping[str, Any], state: ServerState) -> float:
    number = body.get("number")
    if isinstance(number, int | float) and not isinstance(number, bool):
        return float(number)
    if number is not None:
        raise bad(f"'number' is {number!r}; give a number or leave it out.")
    choose = jobs.first_number if body.get("front") else jobs.next_number
    return await state.database.run(choose)


async def convert(request: web.Request) -> web.Response:
    """The API form of a canvas workflow: ``{"workflow": ...}`` gives ``{"prompt": ...}``."""
    state, body = state_of(request), await json_object(request)
    await state.catalogue.wait(FIRST_START_SECONDS)
    workflow = body.get("workflow")
    if not isinstance(workflow, Mapping) or not is_workflow(workflow):
        raise bad("'workflow' must be a workflow as the canvas saves it, with 'nodes' and 'links'.")
    try:
        prompt = to_prompt(workflow, state.catalogue.specs)
    except InvalidWorkflow as error:
        raise bad(str(error)) from error
    return web.json_response({"prompt": prompt})


async def remaining(request: web.Request) -> web.Response:
    """How many jobs wait or run."""
    status = await state_of(request).dispatcher.status()
    return web.json_response(status["status"])


ROUTES = [
    web.post("/prompt", submit),
    web.get("/prompt", remaining),
    web.post("/x/convert", convert),
]
