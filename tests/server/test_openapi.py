"""The document of the API is whole, means what the routes do, and can be read."""

import json
import re
from typing import Any

import pytest

from engine.server.openapi import document, page
from engine.server.routes import ROUTES
from engine.server.schemas import ANSWERS, BODIES, FORMS, SHARED
from tests.live import LiveServer

DOCUMENT = document(ROUTES)
OPERATIONS = {
    (method, path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_every_route_stands_there_once_with_what_it_says() -> None:
    assert len(OPERATIONS) == len(ROUTES)
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"\w+", id) for id in ids)
    for (method, path), operation in OPERATIONS.items():
        assert operation["summary"], (method, path)
        declared = [p["name"] for p in operation.get("parameters", ())]
        assert declared == re.findall(r"\{(\w+)\}", path), path
        assert ("requestBody" in operation) == (method in ("post", "put", "patch"))
        for parameter in operation.get("parameters", ()):
            re.compile(parameter["schema"].get("pattern", ""))


def test_shapes_are_of_routes_that_there_are() -> None:
    known = {f"{route.method} {route.path}" for route in ROUTES}
    assert set(ANSWERS) | set(BODIES) | set(FORMS) <= known
    used = json.dumps([DOCUMENT["paths"], *(s for n, s in SHARED.items())])
    unused = {name for name in SHARED if f'"#/components/schemas/{name}"' not in used}
    assert not unused


def test_its_references_lead_somewhere() -> None:
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)):
        assert name in DOCUMENT["components"]["schemas"]


def test_the_page_names_every_route_and_runs_nothing() -> None:
    text = page(ROUTES, "http://127.0.0.1:1")
    assert text.count("<details>") == len(ROUTES) and "<script" not in text
    assert "curl http://127.0.0.1:1/upload/image -F image=@picture.png" in text


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_both_are_served(server: LiveServer, prefix: str) -> None:
    found: Any = server.get(f"{prefix}/openapi.json")
    assert found == json.loads(json.dumps(DOCUMENT))
    status, body = server.request("GET", f"{prefix}/docs/api")
    assert status == 200 and b"The API of Latent Loom" in body
