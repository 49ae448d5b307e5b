"""A pack with routes of its own, events, and an eye on every prompt."""

import asyncio

from aiohttp import web
from server import PromptServer

routes = PromptServer.instance.routes
seen = []


@routes.get("/classic/hello/{name}")
async def hello(request):
    return web.json_response({"hello": request.match_info["name"], "query": dict(request.query)})


@routes.post("/classic/echo")
async def echo(request):
    body = await request.read()
    return web.Response(body=body, status=201, headers={"X-Pack": "yes"})


@routes.get("/queue")
async def shadowed(request):
    return web.json_response("the pack must not answer for the server")


@routes.get("/classic/stream")
async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for part in (b"one ", b"two"):
        await response.write(part)
        await asyncio.sleep(0)
    return response


@routes.get("/classic/fails")
async def fails(request):
    raise RuntimeError("a pack's fault")


def on_prompt(body):
    for node in body.get("prompt", {}).values():
        if node["class_type"] == "ProbeShow" and node["inputs"]["note"] == "change me":
            node["inputs"]["note"] = "changed by a pack"
    return body


def failing(body):
    raise ValueError("handlers may fail")


PromptServer.instance.add_on_prompt_handler(failing)
PromptServer.instance.add_on_prompt_handler(on_prompt)


class ClassicTell:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"text": ("STRING", {"default": ""})}}

    RETURN_TYPES = ()
    FUNCTION = "run"
    OUTPUT_NODE = True

    def run(self, text):
        server = PromptServer.instance
        server.send_sync(
            "classic.told", {"text": text, "node": server.last_node_id}, server.client_id
        )
        return {"ui": {"text": [text]}}


NODE_CLASS_MAPPINGS = {"ClassicTell": ClassicTell}
