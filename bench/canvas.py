"""What the canvas costs the browser's main thread, by the DevTools protocol.

Thread CPU time, not wall time: it does not change with what else the machine does. Rendering is
software raster in a headless browser; the graph has 3 inputs, 3 outputs, 7 widgets and a text
field per node and 3 wires into each.
"""

import base64
import gzip
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.live import ROOT, LiveServer, make_base

from .rows import Row, row

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
FRAMES = 60
IDLE_SECONDS = 4
GOALS = {1000: {"1": 8, "0.3": 12, "fit": 12}, 5000: {"1": 10, "0.3": 14, "fit": 16}}
TEXT = "a lighthouse on a cliff above a stormy sea, oil painting, dramatic light, 3 gulls"
#: What scrolling by one unit of a wheel with Control does to the scale.
WHEEL_ZOOM = 0.002


def measure() -> list[Row]:
    """Rows for panning, loading, idling and starting."""
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(make_base(Path(folder) / "base")).start()
        try:
            return [*start_rows(server), *graph_rows(server), *idle_rows(server)]
        finally:
            server.stop()


def start_rows(server: LiveServer) -> list[Row]:
    """What the page loads at start, and when it can be used."""
    page_text = (ROOT / "web" / "dist" / "index.html").read_text()
    scripts = re.findall(r'(?:src|href)="\./(assets/[^"]+\.js)"', page_text)
    files = [(ROOT / "web" / "dist" / name).read_bytes() for name in scripts]
    size = sum(len(gzip.compress(data, 9)) for data in files) / 1000
    times = []
    for _ in range(5):
        with opened(server, mocked=False) as (page, _):
            times.append(float(page.evaluate("window.__ready_ms")))
    return [
        row("canvas: JavaScript at start, gzipped", 150, [size], "kB", 1),
        row("canvas: usable on localhost after", 500, times, "ms", 0),
    ]


def graph_rows(server: LiveServer) -> list[Row]:
    """Loading and panning graphs of both sizes."""
    rows = []
    for count, goals in GOALS.items():
        with opened(server) as (page, devtools):
            loads = [open_graph(page, workflow(count)) for _ in range(3)]
            if count == 5000:
                rows.append(row("canvas: 5,000 nodes, file to first paint", 600, loads, "ms", 0))
            for zoom, goal in goals.items():
                values = [pan(page, devtools, zoom) for _ in range(3)]
                what = f"canvas: {count:,} nodes, main thread per frame of panning, zoom {zoom}"
                rows.append(row(what, goal, values, "ms"))
    return rows


def idle_rows(server: LiveServer) -> list[Row]:
    """Nothing happens, and then somebody else's job runs."""
    rows = []
    with opened(server) as (page, devtools):
        open_graph(page, workflow(1000))
        page.wait_for_timeout(3000)
        for what, busy in (("idle", False), ("idle while another job runs", True)):
            if busy:
                keep_busy(server)
            frames, cpu = rest(page, devtools)
            rows.append(
                row(f"canvas: {what}, frames in {IDLE_SECONDS} s", 0, [frames], "frames", 0)
            )
            rows.append(row(f"canvas: {what}, main thread per second", 2, [cpu], "ms"))
    return rows


def keep_busy(server: LiveServer) -> None:
    """Queue a sampling of many steps for another client."""
    prompt = json.loads((ROOT / "workflows" / "default_api.json").read_text())
    sampler = next(n for n in prompt.values() if n["class_type"] == "KSampler")
    sampler["inputs"].update(steps=400, seed=int.from_bytes(os.urandom(4), "big"))
    server.request("POST", "/prompt", {"prompt": prompt, "client_id": "somebody-else"})


@contextmanager
def opened(server: LiveServer, mocked: bool = True) -> Iterator[tuple[Any, Any]]:
    """A page of its own with a node type for the graphs, and its DevTools session."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.add_init_script(READY)
        if mocked:
            page.route("**/object_info", with_bench_node)
        page.goto(f"{server.url}/")
        while not page.evaluate("window.__ready_ms > 0"):
            page.wait_for_timeout(20)
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        yield page, devtools
        browser.close()


READY = """
window.__ready_ms = 0;
const look = () => {
  if (window.__loom?.ready()) window.__ready_ms = performance.now();
  else setTimeout(look, 5);
};
look();
"""


def with_bench_node(route: Any) -> None:
    """The server's node types and the one that the graphs are made of."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "BenchNode": bench_node()})


def bench_node() -> dict[str, Any]:
    """Three inputs, three outputs, seven widgets and a text field."""
    required: dict[str, Any] = {"a": ["MODEL"], "b": ["LATENT"], "c": ["IMAGE"]}
    required |= {
        "seed": ["INT", {"default": 7, "min": 0, "max": 2**53, "control_after_generate": True}],
        "steps": ["INT", {"default": 20, "min": 1, "max": 100}],
        "cfg": ["FLOAT", {"default": 7.5, "min": 0, "max": 30, "step": 0.1}],
        "sampler": [["euler", "heun", "ddim"], {}],
        "tiled": ["BOOLEAN", {"default": True}],
        "prefix": ["STRING", {"default": "picture"}],
        "text": ["STRING", {"multiline": True, "default": TEXT}],
    }
    outputs = ["MODEL", "LATENT", "IMAGE"]
    shape = {"input": {"required": required}, "output": outputs, "output_name": outputs}
    return {**shape, "output_is_list": [False] * 3, "display_name": "Bench", "category": "bench"}


def workflow(count: int) -> dict[str, Any]:
    """A grid of nodes, each wired to three before it."""
    kinds = ("MODEL", "LATENT", "IMAGE")
    nodes: list[dict[str, Any]] = []
    links: list[list[Any]] = []
    columns = int(count**0.5 * 1.3)
    for id in range(1, count + 1):
        place = [(id % columns) * 380, (id // columns) * 470]
        inputs = [{"name": n, "type": t, "link": None} for n, t in zip("abc", kinds, strict=True)]
        outputs: list[dict[str, Any]] = [{"name": t, "type": t, "links": []} for t in kinds]
        for slot, back in enumerate((1, 2, columns)):
            if id > back:
                links.append([len(links) + 1, id - back, slot, id, slot, kinds[slot]])
                inputs[slot]["link"] = len(links)
                nodes[id - back - 1]["outputs"][slot]["links"].append(len(links))
        values = [id, "randomize", 20, 7.5, "euler", True, "picture", f"{id} {TEXT}"]
        shape = {"id": id, "type": "BenchNode", "pos": place, "size": [300, 380], "mode": 0}
        more = {"inputs": inputs, "outputs": outputs, "widgets_values": values, "order": id}
        nodes.append({**shape, **more})
    return {"nodes": nodes, "links": links, "groups": [], "extra": {}, "version": 0.4}


def open_graph(page: Any, graph: dict[str, Any]) -> float:
    """Drop a file on the canvas; milliseconds until it has been painted."""
    data = base64.b64encode(json.dumps(graph).encode()).decode()
    return float(
        page.evaluate(
            """async ([data, count]) => {
                const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], "bench.json", { type: "application/json" }));
                const at = { bubbles: true, dataTransfer: transfer, clientX: 700, clientY: 700 };
                const before = window.__loom.frames().world;
                const began = performance.now();
                document.querySelector(".canvas").dispatchEvent(new DragEvent("drop", at));
                const frame = () => new Promise(requestAnimationFrame);
                while (window.__loom.frames().world === before) await frame();
                await frame();
                return performance.now() - began;
            }""",
            [data, len(graph["nodes"])],
        )
    )


def pan(page: Any, devtools: Any, zoom: str) -> float:
    """Main-thread milliseconds per drawn frame while panning at a zoom."""
    page.mouse.move(800, 450)
    page.keyboard.press("Shift+1")
    page.wait_for_timeout(400)
    if zoom != "fit":
        page.keyboard.press("Shift+0")
    if zoom == "0.3":
        page.keyboard.down("Control")
        page.mouse.wheel(0, 1.2039728 / WHEEL_ZOOM)
        page.keyboard.up("Control")
    page.wait_for_timeout(600)
    before, frames = task_ms(devtools), world_frames(page)
    for i in range(FRAMES):
        page.mouse.wheel(24 if i < FRAMES / 2 else -24, 9)
        page.wait_for_timeout(16)  # on this side: asking the page would be measured too
    drawn = world_frames(page) - frames
    return (task_ms(devtools) - before) / max(1, drawn)


def rest(page: Any, devtools: Any) -> tuple[float, float]:
    """Frames drawn while nothing is touched, and main-thread milliseconds per second."""
    frames, before = all_frames(page), task_ms(devtools)
    page.wait_for_timeout(IDLE_SECONDS * 1000)
    spent = task_ms(devtools) - before
    return all_frames(page) - frames, spent / IDLE_SECONDS


def task_ms(devtools: Any) -> float:
    """CPU time of the main thread's tasks since the page began."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration")) * 1000


def world_frames(page: Any) -> int:
    return int(page.evaluate("window.__loom.frames().world"))


def all_frames(page: Any) -> int:
    return int(page.evaluate("window.__loom.frames().world + window.__loom.frames().overlay"))
