"""``/history``: jobs that have ended, with what they showed."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from engine.store import jobs, runlog
from engine.store.database import Database
from engine.store.jobs import Job, State

from ..people import person_of
from ..request import id_list, json_object, query_int
from ..runview import ending_message
from ..state import state_of
from .queue import item


async def show_all(request: web.Request) -> web.Response:
    """Entries by job id, oldest first; ``max_items`` and ``offset`` choose a page."""
    database = state_of(request).database
    max_items, offset = query_int(request, "max_items"), query_int(request, "offset")
    found = await database.run(jobs.history, max_items, offset, person_of(request).owner)
    return web.json_response({job.id: await _entry(database, job) for job in found})


async def show(request: web.Request) -> web.Response:
    """The entry of one job, or an empty object while it has not ended."""
    database = state_of(request).database
    job = await database.run(jobs.get, request.match_info["id"])
    if job is None or job.state not in jobs.FINAL or not person_of(request).may_see(job.owner):
        return web.json_response({})
    return web.json_response({job.id: await _entry(database, job)})


async def change(request: web.Request) -> web.Response:
    """Forget jobs: ``{"clear": true}`` or ``{"delete": [id, ...]}``."""
    database, body = state_of(request).database, await json_object(request)
    owner = person_of(request).owner
    if body.get("clear"):
        await database.run(jobs.drop_history, owner=owner)
    if ids := id_list(body, "delete"):
        await database.run(jobs.drop_history, ids, owner)
    return web.Response()


async def _entry(database: Database, job: Job) -> dict[str, Any]:
    logged = await database.run(runlog.of_job, job.id)
    done = job.state is State.DONE
    status = {
        "status_str": "success" if done else "error",
        "completed": done,
        "messages": _messages(job, logged),
    }
    return {
        "prompt": item(job),
        "outputs": job.outputs,
        "status": status,
        "meta": _meta(job, logged),
    }


def _messages(job: Job, logged: Sequence[runlog.Entry]) -> list[Any]:
    base = {"prompt_id": job.id}
    names = {"started": "execution_start", "cached": "execution_cached"}
    messages: list[Any] = [
        [names[e.type], {**base, **e.data, "timestamp": int(e.at * 1000)}]
        for e in logged
        if e.type in names
    ]
    return [*messages, list(ending_message(job.id, job.state, job.failure, job.ended or 0.0))]


def _meta(job: Job, logged: Sequence[runlog.Entry]) -> dict[str, Any]:
    """Per node that showed something, which node of the canvas it belongs to."""
    told = {e.data["node"]: e.data for e in logged if e.type == "node_done"}
    return {id: _place(id, told.get(id, {})) for id in job.outputs}


def _place(id: str, told: Mapping[str, Any]) -> dict[str, Any]:
    display = told.get("display_node", id)
    parent = told.get("parent_node")
    return {"node_id": id, "display_node": display, "parent_node": parent, "real_node_id": display}


ROUTES = [
    web.get("/history", show_all),
    web.get("/history/{id}", show),
    web.post("/history", change),
]
