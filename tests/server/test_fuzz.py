"""Whatever is sent to any route is answered with less than 500 and as the API's document says.

Schemathesis makes the requests from the document that the server gives of itself, right ones and
wrong ones; what it would hardly think of (ways out of folders, names that exist, forms that are
cut) is mixed in. ``LOOM_FUZZ=50000 python -m pytest tests/server/test_fuzz.py`` sends so many.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from engine.server.openapi import document
from engine.server.routes import ROUTES
from tests.live import LiveServer, make_base
from tests.nonsense import JSON, KEYS, NASTY, thorough

SECONDS_FOR_AN_ANSWER = 30
API = schemathesis.openapi.from_dict(document(ROUTES))
#: All but the websocket, which tests/server/test_malformed.py has.
OPERATIONS = [o for o in (found.ok() for found in API.get_all_operations()) if o.path != "/ws"]


@st.composite
def cases(draw: st.DrawFn, operation: Any) -> Case:
    """A request by the document, of which some parts are replaced by worse ones."""
    mode = draw(st.sampled_from([GenerationMode.POSITIVE, GenerationMode.NEGATIVE]))
    case = draw(operation.as_strategy(generation_mode=mode))
    worse = draw(st.sets(st.sampled_from(["path", "query", "body"])))
    if "path" in worse:
        reserved = draw(st.sampled_from(["", "/."]))
        case.path_parameters = {
            name: quote(draw(st.sampled_from(NASTY)), safe=reserved) or "x"
            for name in case.path_parameters or ()
        }
    if "query" in worse:
        case.query = draw(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(NASTY + KEYS)))
    if "body" in worse and case.method != "GET":
        case.media_type, case.body = draw(bodies())
    return case


def bodies() -> st.SearchStrategy[tuple[str, bytes]]:
    """JSON that means something (infinite numbers too), bytes that mean nothing, cut forms."""
    meant = st.tuples(st.just("application/json"), JSON.map(str.encode))
    form = st.builds(_form, st.sampled_from(NASTY), st.binary(max_size=200))
    raw = st.tuples(st.sampled_from(["application/json", "text/plain", "image/png"]), st.binary())
    return meant | form | raw


def _form(name: str, data: bytes) -> tuple[str, bytes]:
    head = f'--b\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n\r\n'
    return "multipart/form-data; boundary=b", head.encode() + data + b"\r\n--b--\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    running = LiveServer(make_base(tmp_path_factory.mktemp("fuzz") / "base")).start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


def test_nothing_that_is_sent_makes_the_server_fail(server: LiveServer) -> None:
    session = requests.Session()

    def send(case: Case, prefix: str) -> None:
        url = server.url + prefix
        answer = case.call(base_url=url, session=session, timeout=SECONDS_FOR_AN_ANSWER)
        case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance])

    for operation in OPERATIONS:
        some = given(case=cases(operation), prefix=st.sampled_from(["", "/api"]))
        thorough(1 / len(OPERATIONS))(some(send))()
    assert "Traceback" not in server.log() and server.process is not None
    assert server.process.poll() is None and "queue_running" in server.get("/queue")
    outside = [p for p in server.base.parent.iterdir() if p.name != server.base.name]
    assert not outside
