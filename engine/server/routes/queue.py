"""``/queue`` and ``/interrupt``: what waits and runs, and how to stop it."""

from typing import Any

from aiohttp import web

from engine.store import jobs, turns
from engine.store.jobs import Job

from ..people import person_of
from ..request import id_list, json_object
from ..state import state_of


def item(job: Job) -> list[Any]:
    """A job as clients know it: ``[number, id, prompt, extra_data, outputs]``."""
    return [job.number, job.id, job.prompt, job.extra, list(job.targets)]


async def show(request: web.Request) -> web.Response:
    """Running and waiting jobs, in the order in which they will run: clients take turns.

    People who are no administrators see their own jobs.
    """
    database = state_of(request).database
    running = await database.run(jobs.in_hand)
    waiting = await database.run(turns.waiting)
    owner = person_of(request).owner
    answer = {
        "queue_running": [item(j) for j in running if owner in (None, j.owner)],
        "queue_pending": [item(j) for j in waiting if owner in (None, j.owner)],
    }
    return web.json_response(answer)


async def change(request: web.Request) -> web.Response:
    """Remove waiting jobs: ``{"clear": true}`` or ``{"delete": [id, ...]}``."""
    state, body = state_of(request), await json_object(request)
    owner = person_of(request).owner
    if body.get("clear"):
        await state.database.run(jobs.drop_queued, owner=owner)
    if ids := id_list(body, "delete"):
        await state.database.run(jobs.drop_queued, ids, owner)
    await state.dispatcher.announce()
    return web.Response()


async def interrupt(request: web.Request) -> web.Response:
    """Stop the running job, or only the one that ``{"prompt_id": ...}`` names."""
    body = await json_object(request, empty_ok=True)
    wanted = body.get("prompt_id")
    dispatcher, owner = state_of(request).dispatcher, person_of(request).owner
    running = [id for id, a in dispatcher.active.items() if owner in (None, a.job.owner)]
    if chosen := [id for id in running if wanted is None or id == str(wanted)]:
        dispatcher.interrupt(chosen[0])
    return web.Response()


ROUTES = [
    web.get("/queue", show),
    web.post("/queue", change),
    web.post("/interrupt", interrupt),
]
