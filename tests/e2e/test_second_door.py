"""The canvas of the other program, if it is installed, works against this server at /comfy/."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from engine.server.second_door import PACKAGE, installed
from tests.live import LiveServer

pytestmark = pytest.mark.skipif(installed() is None, reason=f"{PACKAGE} is not installed")
ROOT = Path(__file__).resolve().parents[2]
LISTEN = """() => {
  window.heard = {};
  for (const type of ["progress", "executed", "execution_success", "b_preview"])
    window.app.api.addEventListener(type, () => {
      window.heard[type] = (window.heard[type] ?? 0) + 1;
    });
}"""
UPLOAD = """async () => {
  const form = new FormData();
  const canvas = document.createElement("canvas");
  form.append("image", await new Promise((done) => canvas.toBlob(done)), "door.png");
  const answer = await window.app.api.fetchApi("/upload/image", { method: "POST", body: form });
  return [answer.status, (await answer.json()).name];
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium")
        yield browser.new_page(viewport={"width": 1600, "height": 900})
        browser.close()


def until(live: LiveServer, page: Page, question: str, what: str) -> Any:
    return live.until(lambda: page.evaluate(f"() => {question}"), what)


#: A second try must not find the result of the first one: what is kept makes no progress.
SEEDS = count(90417)


def workflow(seed: int) -> dict[str, Any]:
    """The first workflow of this project, quick and like no other test's."""
    file: dict[str, Any] = json.loads((ROOT / "workflows" / "default.json").read_text())
    for node in file["nodes"]:
        if node["type"] == "KSampler":
            node["widgets_values"][:3] = [seed, "fixed", 4]
    return file


def test_it_loads_queues_shows_progress_previews_results_and_uploads(
    live_server: LiveServer, page: Page
) -> None:
    live_server.post("/settings", {"Comfy.TutorialCompleted": True})
    broken: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    stopped: set[str] = set()
    page.on("requestfailed", lambda r: stopped.add(r.url) if r.failure == "csp" else None)
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda r: broken.append(f"{r.status} {r.url}") if r.status >= 500 else None)
    page.goto(f"{live_server.url}/comfy/")
    until(live_server, page, "window.app?.graph?.nodes?.length > 0", "the page is up")
    page.evaluate(LISTEN)
    seed = next(SEEDS)
    page.evaluate("(file) => window.app.loadGraphData(file)", workflow(seed))
    until(live_server, page, "window.app.graph.nodes.some((n) => n.type === 'SaveImage')", "loaded")
    page.get_by_role("button", name="Run", exact=True).first.click()
    heard = until(live_server, page, "window.heard.execution_success && window.heard", "it ran")
    # Quick steps share a message, so there may be fewer than steps.
    assert heard["progress"] and heard["executed"] and heard["b_preview"]
    shown = "[...document.images].find((i) => i.src.includes('/comfy/api/view?'))?.naturalWidth"
    assert until(live_server, page, shown, "the result is shown") == 512
    (job,) = [
        e for e in live_server.get("/history").values() if str(seed) in json.dumps(e["prompt"])
    ]
    assert job["status"]["status_str"] == "success"
    assert page.evaluate(UPLOAD) == [200, "door.png"]
    ours = [url for url in asked if url.startswith(live_server.url)]
    # An icon of the page is asked for by an address from the root, in vain, wherever it is served.
    outside = {u for u in ours if "/comfy" not in u and "favicon_progress" not in u}
    assert not outside and not broken
    foreign = {u for u in asked if not u.startswith((live_server.url, "data:", "blob:"))}
    assert foreign and foreign <= stopped, "its own policy stops what would leave this computer"


def test_the_door_holds_for_it_too(live_server: LiveServer) -> None:
    status, _ = live_server.request("GET", "/comfy/api/queue", headers={"Host": "evil.example"})
    assert status == 403
    evil = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    assert live_server.request("POST", "/comfy/api/prompt", {"prompt": {}}, evil)[0] == 403
    for path in ("/comfy/..%2f..%2fMETADATA", "/comfy/%2e%2e/%2e%2e/x", "/comfy/nothing.js"):
        assert live_server.request("GET", path)[0] in (400, 403, 404), path
