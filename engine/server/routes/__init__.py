"""The HTTP routes, one file a resource; each module has a ``ROUTES`` table.

Invariant: handlers are small: they read the request by ``request.py``'s functions, ask store,
catalogue or dispatcher, and answer.
"""

from aiohttp import web

from . import (
    accounts,
    assets,
    cache,
    document,
    events,
    files,
    history,
    internal,
    jobs,
    metrics,
    models,
    nodes,
    packs,
    plan,
    prompt,
    queue,
    settings,
    sweep,
    system,
    uploads,
    userdata,
    websocket,
    workers,
)

ROUTES: list[web.RouteDef] = [
    route
    for module in (
        accounts,
        assets,
        cache,
        document,
        events,
        files,
        history,
        internal,
        jobs,
        metrics,
        models,
        nodes,
        packs,
        plan,
        prompt,
        queue,
        settings,
        sweep,
        system,
        uploads,
        userdata,
        websocket,
        workers,
    )
    for route in module.ROUTES
]
