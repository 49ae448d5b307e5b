"""``/x/events``: the log of runs, for clients that ask instead of listening."""

from aiohttp import web

from engine.store import jobs, runlog

from ..people import person_of
from ..request import bad, query_int
from ..state import state_of

#: Events in one answer, at most and if nothing else is asked for.
MOST_EVENTS = 1000


async def show(request: web.Request) -> web.Response:
    """Events with a ``seq`` behind ``after`` (default 0), of one ``job`` or all, in order.

    Answers ``{"events": [{seq, job, type, data, at}, ...], "next": seq}``; asking again with
    ``after`` set to ``next`` goes on from there. ``limit`` is 1 to 1000.
    """
    state = state_of(request)
    after, limit = query_int(request, "after") or 0, query_int(request, "limit")
    limit = MOST_EVENTS if limit is None else limit
    if not 1 <= limit <= MOST_EVENTS:
        raise bad(f"'limit' is {limit}; give a number from 1 to {MOST_EVENTS} or leave it out.")
    await state.dispatcher.record.flush()
    job, person = request.query.get("job"), person_of(request)
    if job is None:
        found = await state.database.run(runlog.behind, after, limit, person.owner)
    elif (it := await state.database.run(jobs.get, job)) is None or not person.may_see(it.owner):
        raise web.HTTPNotFound(text=f"There is no job '{job}'.")
    else:
        found = await state.database.run(runlog.of_job, job, after, limit)
    shown = [
        {"seq": e.seq, "job": e.job, "type": e.type, "data": e.data, "at": e.at} for e in found
    ]
    return web.json_response({"events": shown, "next": found[-1].seq if found else after})


ROUTES = [web.get("/x/events", show)]
