"""``/jobs``: queue and history as one list, with paging, search, cancelling and retrying."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from engine.store import jobs
from engine.store.jobs import Job, State

from ..people import person_of
from ..request import bad, id_list, json_object, query_flag, query_int
from ..runview import ending_message
from ..state import state_of

#: States as clients name them.
STATUS = {
    State.QUEUED: "pending",
    State.LEASED: "in_progress",
    State.RUNNING: "in_progress",
    State.DONE: "completed",
    State.FAILED: "failed",
    State.CANCELLED: "cancelled",
}
_STATES = {name: [s for s, n in STATUS.items() if n == name] for name in STATUS.values()}
_VISUAL = ("images", "video", "gifs", "audio", "3d")


async def listing(request: web.Request) -> web.Response:
    """A page of jobs, chosen by ``status``, ``search``, ``sort_by``, ``limit`` and ``offset``.

    ``x_paper`` chooses those of one document of the canvas; ``x_outputs=true`` adds to each what
    it showed.
    """
    limit, offset = query_int(request, "limit"), query_int(request, "offset") or 0
    if limit is not None and limit <= 0:
        raise bad(f"'limit' is {limit}; give a number above 0 or leave it out.")
    if offset < 0:
        raise bad(f"'offset' is {offset}; give 0 or more.")
    found, total = await state_of(request).database.run(
        jobs.search,
        states=_wanted_states(request),
        text=request.query.get("search", ""),
        by_duration=_one_of(request, "sort_by", "created_at", "execution_duration"),
        ascending=_one_of(request, "sort_order", "desc", "asc"),
        limit=limit,
        offset=offset,
        owner=person_of(request).owner,
        paper=request.query.get("x_paper", ""),
    )
    detailed = query_flag(request, "x_outputs")
    page = {
        "offset": offset,
        "limit": limit,
        "total": total,
        "has_more": offset + len(found) < total,
    }
    return web.json_response(
        {"jobs": [summary(job, detailed) for job in found], "pagination": page}
    )


async def show(request: web.Request) -> web.Response:
    """One job with its prompt and what it showed."""
    job = await _own(request)
    full = {**summary(job), "workflow": {"prompt": job.prompt, "extra_data": job.extra}}
    if job.state in jobs.FINAL:
        full["outputs"] = job.outputs
        message = ending_message(job.id, job.state, job.failure, job.ended or 0.0)
        done = job.state is State.DONE
        text = "success" if done else "error"
        full["execution_status"] = {
            "status_str": text,
            "completed": done,
            "messages": [list(message)],
        }
    return web.json_response(full)


async def cancel(request: web.Request) -> web.Response:
    """Cancel one job; ``cancelled`` is false if there was nothing left to cancel."""
    done = await _cancel(request, request.match_info["id"])
    return web.json_response({"cancelled": done})


async def _cancel(request: web.Request, id: str) -> bool:
    state = state_of(request)
    job = await state.database.run(jobs.get, id)
    if job is None or not person_of(request).may_see(job.owner):
        return False
    return await state.dispatcher.cancel(id)


async def _own(request: web.Request) -> Job:
    """The job that a request names, if it is the person's to see."""
    job = await state_of(request).database.run(jobs.get, request.match_info["id"])
    if job is None or not person_of(request).may_see(job.owner):
        raise bad("Job not found", web.HTTPNotFound)
    return job


async def cancel_many(request: web.Request) -> web.Response:
    """Cancel the jobs of ``job_ids``."""
    ids = id_list(await json_object(request), "job_ids")
    if ids is None:
        raise bad("Give the jobs to cancel as 'job_ids', a list of ids.")
    done = [await _cancel(request, id) for id in ids]
    return web.json_response({"cancelled": any(done)})


async def retry(request: web.Request) -> web.Response:
    """Queue the work of a job once more, under a new id."""
    id = (await _own(request)).id
    job = await state_of(request).dispatcher.retry(id, str(uuid.uuid4()))
    if job is None:
        raise bad("Job not found", web.HTTPNotFound)
    return web.json_response({"prompt_id": job.id, "number": job.number})


async def move(request: web.Request) -> web.Response:
    """Give a waiting job another place: ``{"number": n}``, or ``{"front": true}``."""
    state, body = state_of(request), await json_object(request)
    number = body.get("number")
    if body.get("front"):
        number = await state.database.run(jobs.first_number)
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise bad("Give the new place as 'number', or 'front': true.")
    moved = await state.database.run(jobs.move, (await _own(request)).id, float(number))
    return web.json_response({"moved": moved})


async def pause(request: web.Request) -> web.Response:
    """Hand out no more jobs, also after a restart, until ``/x/queue/resume``."""
    await state_of(request).dispatcher.pause(True)
    return web.json_response({"paused": True})


async def resume(request: web.Request) -> web.Response:
    """Hand out jobs again."""
    await state_of(request).dispatcher.pause(False)
    return web.json_response({"paused": False})


async def is_paused(request: web.Request) -> web.Response:
    """Whether the queue is paused."""
    return web.json_response({"paused": state_of(request).dispatcher.paused})


def _wanted_states(request: web.Request) -> list[State] | None:
    names = [name for name in request.query.get("status", "").split(",") if name]
    unknown = [name for name in names if name not in _STATES]
    if unknown:
        raise bad(f"'status' is '{unknown[0]}'; give some of {', '.join(_STATES)}.")
    return [state for name in names for state in _STATES[name]] or None


def _one_of(request: web.Request, name: str, default: str, other: str) -> bool:
    value = request.query.get(name, default)
    if value not in (default, other):
        raise bad(f"'{name}' is '{value}'; give {default} or {other}.")
    return value == other


def summary(job: Job, detailed: bool = False) -> dict[str, Any]:
    """A job in a list; facts that are not there yet are left out. Times are milliseconds.

    Args:
        job: the job.
        detailed: add all files and texts it showed as ``x_outputs``.
    """
    shown = list(_items(job.outputs))
    failed = job.state is State.FAILED
    error = ending_message(job.id, job.state, job.failure, job.ended or 0.0)[1] if failed else None
    facts = {
        "id": job.id,
        "status": STATUS[job.state],
        "priority": job.number,
        "create_time": int(job.created * 1000),
        "execution_start_time": _milliseconds(job.started),
        "execution_end_time": _milliseconds(job.ended),
        "execution_error": error,
        "outputs_count": len(shown),
        "previewable_outputs_count": len([item for item in shown if item["nodeId"]]),
        "preview_output": _preview(shown),
        "workflow_id": _workflow_id(job.extra),
        "x_client": job.client,
        "x_paper": job.extra.get("x_paper"),
        "x_outputs": shown if detailed else None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds * 1000)


def _items(outputs: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for node, ui in outputs.items():
        for kind, items in ui.items():
            for item in items if kind in (*_VISUAL, "text") else ():
                facts = dict(item) if isinstance(item, Mapping) else {"content": str(item)[:1024]}
                yield {**facts, "nodeId": node, "mediaType": re.sub("^gifs$", "video", kind)}


def _preview(shown: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What stands for the job: a saved picture before others, text last."""
    ranks = {"output": 0, "temp": 1, "input": 1}
    return min(shown, key=lambda item: ranks.get(str(item.get("type")), 2), default=None)


def _workflow_id(extra: Mapping[str, Any]) -> Any:
    carried = extra.get("extra_pnginfo")
    workflow = carried.get("workflow") if isinstance(carried, Mapping) else None
    return workflow.get("id") if isinstance(workflow, Mapping) else None


ROUTES = [
    web.get("/jobs", listing),
    web.post("/jobs/cancel", cancel_many),
    web.get("/jobs/{id}", show),
    web.post("/jobs/{id}/cancel", cancel),
    web.post("/x/jobs/{id}/retry", retry),
    web.post("/x/jobs/{id}/move", move),
    web.get("/x/queue", is_paused),
    web.post("/x/queue/pause", pause),
    web.post("/x/queue/resume", resume),
]
