"""A pack that adds a sampler, a scheduler, a family and a route, by the engine's own API."""

import torch
from aiohttp import web

from engine.api import (
    Int,
    Socket,
    node,
    register_family,
    register_sampler,
    register_scheduler,
    routes,
    send_event,
)
from engine.diffusion.families import FAMILIES
from engine.diffusion.samplers import Sampler


def half_euler(step):
    """Euler's method that goes half of the way."""
    return step.to(step.x + step.d * (step.sigma_next - step.sigma) * 0.5)


def straight(sampling, steps):
    """Equal distances in sigma."""
    return torch.linspace(float(sampling.sigma_max), 0, steps + 1)


register_sampler("half_euler", Sampler(half_euler))
register_scheduler("straight", straight)
register_family(next(family for family in FAMILIES if family.name == "SDXL"))


@node("RegisteringTell", category="tests")
def tell(*, number: Int(0, 10) = 1) -> Socket("PROBE"):
    """Tell a number to everybody."""
    send_event("registering", {"number": number})
    return number


@routes.get("/registering")
async def answer(request):
    return web.json_response({"here": True})
