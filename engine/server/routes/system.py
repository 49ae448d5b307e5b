"""``/system_stats``, ``/features`` and ``/free``: the server and the computer it runs on."""

import sys

from aiohttp import web

from engine import __version__
from engine.memory import host_memory

from ..request import json_object
from ..state import ServerState, state_of

#: The API version that clients may rely on.
API_VERSION = "0.3.64"


def features(state: ServerState) -> dict[str, object]:
    """Server features, as the websocket and ``/features`` tell them."""
    return {
        "supports_preview_metadata": True,
        "max_upload_size": state.config.max_upload,
        "show_signin_button": False,
        "enable_telemetry": False,
        "partner_run_gate_enabled": False,
        "node_replacements": True,
        "supports_model_type_tags": True,
        "assets": state.config.assets,
    }


async def show_features(request: web.Request) -> web.Response:
    """What this server can do."""
    return web.json_response(features(state_of(request)))


async def stats(request: web.Request) -> web.Response:
    """The computer, its devices, and what the worker holds in memory."""
    state = state_of(request)
    known = state.dispatcher.system
    total, free = host_memory()
    system = {
        "os": sys.platform,
        "ram_total": total,
        "ram_free": free,
        "comfyui_version": API_VERSION,
        "loom_version": __version__,
        "required_frontend_version": "",
        "installed_templates_version": "",
        "required_templates_version": "",
        "python_version": sys.version,
        "pytorch_version": known.get("pytorch_version", ""),
        "embedded_python": False,
        "argv": list(state.config.argv),
    }
    held = {"cache": known.get("cache", {}), "ledger": known.get("ledger", [])}
    return web.json_response({"system": system, "devices": known.get("devices", []), "x": held})


async def free(request: web.Request) -> web.Response:
    """Give memory back: ``{"unload_models": bool, "free_memory": bool}``."""
    body = await json_object(request)
    unload, results = bool(body.get("unload_models")), bool(body.get("free_memory"))
    state_of(request).dispatcher.free(unload, results)
    return web.Response()


ROUTES = [
    web.get("/features", show_features),
    web.get("/system_stats", stats),
    web.post("/free", free),
]
