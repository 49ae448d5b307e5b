"""The real page in a real browser against a real server: what a user does first."""

import base64
import json
import os
import shutil
import signal
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer

playwright = pytest.importorskip("playwright.sync_api", reason="the extra `test` is not installed")

CHROMIUM = os.environ.get("LOOM_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000

if CHROMIUM is None and not os.environ.get("CI"):
    pytest.skip(
        "No Chromium on PATH; install it or name it in LOOM_CHROMIUM.", allow_module_level=True
    )


class Canvas:
    """The page as a user sees it: keys, drags and what `window.__loom` tells (docs/canvas.md)."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.faults: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(f"{url}/")
        self.ready()

    def ready(self) -> None:
        """Wait until the page knows the server's node types and stands still."""
        self.until("window.__loom && window.__loom.ready() && window.__loom.specs() > 10")

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def ask(self, expression: str) -> Any:
        """A value of `window.__loom`."""
        return self.page.evaluate(f"window.__loom.{expression}")

    def wait(self, condition: str) -> None:
        """Wait until an expression over `window.__loom` is true."""
        self.until(f"window.__loom.{condition}")

    def until(self, condition: str) -> None:
        """Wait in the page until an expression is true; the page's CSP forbids later evals."""
        self.page.evaluate(
            f"""() => new Promise((done, fail) => {{
                const end = performance.now() + {PATIENCE_MS};
                const look = () => {{
                    if ({condition}) done();
                    else if (performance.now() > end) fail(new Error(`not in time: {condition}`));
                    else setTimeout(look, 20);
                }};
                look();
            }})"""
        )

    def node(self, key: str) -> dict[str, Any]:
        """The JSON of a node."""
        nodes = self.ask("workflow()")["nodes"]
        return next(node for node in nodes if str(node["id"]) == key)

    def nodes(self) -> list[dict[str, Any]]:
        return list(self.ask("workflow()")["nodes"])

    def command(self, name: str) -> None:
        """Start a command by name through the palette."""
        self.page.keyboard.press("Control+k")
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")

    def add(self, name: str, x: int, y: int) -> str:
        """Add a node by double click and search; its id."""
        before = {str(node["id"]) for node in self.nodes()}
        self.page.mouse.dblclick(x, y)
        self.page.get_by_role("dialog", name="Search nodes").wait_for()
        self.page.keyboard.type(name)
        self.page.keyboard.press("Enter")
        (added,) = {str(node["id"]) for node in self.nodes()} - before
        return added

    def wire(self, source: str, output: str, target: str, name: str) -> None:
        """Drag a wire from an output to an input."""
        a = self.ask(f"socket('{source}', 'output', '{output}')")
        b = self.ask(f"socket('{target}', 'input', '{name}')")
        self.drag(a, b)

    def drag(self, a: dict[str, float], b: dict[str, float]) -> None:
        mouse = self.page.mouse
        mouse.move(a["x"], a["y"])
        mouse.down()
        mouse.move((a["x"] + b["x"]) / 2, (a["y"] + b["y"]) / 2, steps=3)
        mouse.move(b["x"], b["y"], steps=3)
        mouse.up()

    def click_widget(self, key: str, name: str) -> None:
        at = self.ask(f"widget('{key}', '{name}')")
        self.page.mouse.click(at["x"], at["y"])

    def fill(self, key: str, name: str, text: str) -> None:
        """Type into a widget of a node."""
        self.click_widget(key, name)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Escape")

    def run(self) -> None:
        self.page.keyboard.press("Control+Enter")

    def drop(self, name: str, kind: str, content: bytes, x: int = 700, y: int = 700) -> None:
        """Drop a file on the canvas."""
        self.page.evaluate(
            """([name, kind, data, x, y]) => {
                const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], name, { type: kind }));
                const at = { bubbles: true, dataTransfer: transfer, clientX: x, clientY: y };
                document.querySelector(".canvas").dispatchEvent(new DragEvent("drop", at));
            }""",
            [name, kind, base64.b64encode(content).decode(), x, y],
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def canvas(browser: Any, live_server: LiveServer) -> Iterator[Canvas]:
    """A page in a fresh profile, on the default workflow; scripts must not fail in it."""
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    page = Canvas(context.new_page(), live_server.url)
    yield page
    context.close()
    live_server.post("/x/queue/resume")
    live_server.post("/queue", {"clear": True})
    assert page.faults == []


def png_with(**texts: str) -> bytes:
    """A picture of one pixel with text chunks."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    text = [chunk(b"tEXt", f"{key}\0{value}".encode("latin-1")) for key, value in texts.items()]
    data = [chunk(b"IHDR", header), *text, chunk(b"IDAT", zlib.compress(b"\0\0"))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(data) + chunk(b"IEND", b"")


def test_a_graph_built_by_hand_runs_and_survives_a_reload(canvas: Canvas) -> None:
    preview = canvas.add("preview image", 700, 780)
    canvas.wire("6", "IMAGE", preview, "images")
    assert canvas.node(preview)["inputs"][0]["link"] is not None
    canvas.fill("2", "text", "a blue car, 3d render")
    assert canvas.node("2")["widgets_values"] == ["a blue car, 3d render"]
    canvas.fill("5", "steps", "4")
    canvas.run()
    canvas.wait(f"mark('{preview}').images.length > 0")
    canvas.wait("mark('9').images.length > 0")
    canvas.wait("mark('5').live")
    before = canvas.ask("workflow()")
    canvas.reload()
    assert canvas.ask("workflow()") == before
    canvas.wait("mark('9').images.length > 0")
    picture = canvas.ask("mark('9').images[0]")
    size = canvas.page.evaluate(
        "async (url) => { const i = new Image(); i.src = url; await i.decode();"
        " return [i.naturalWidth, i.naturalHeight]; }",
        picture,
    )
    assert size == [512, 512]


def test_arrow_keys_step_a_number_from_where_it_is(canvas: Canvas) -> None:
    (key,) = (str(node["id"]) for node in canvas.nodes() if node["type"] == "KSampler")
    steps = canvas.node(key)["widgets_values"][2]
    canvas.click_widget(key, "steps")
    field = canvas.page.get_by_role("textbox", name="steps of KSampler")
    for expected in (steps + 1, steps + 2, steps + 3):
        field.press("ArrowUp")
        canvas.page.evaluate("() => new Promise(requestAnimationFrame)")  # the node is laid out
        assert canvas.node(key)["widgets_values"][2] == expected


def test_undo_and_redo_keep_pictures_and_give_back_the_document(canvas: Canvas) -> None:
    canvas.fill("5", "steps", "2")
    canvas.fill("5", "steps", "3")
    canvas.run()
    canvas.wait("mark('9').images.length > 0")
    full = canvas.ask("workflow()")
    canvas.page.keyboard.press("Control+z")
    assert canvas.node("5")["widgets_values"][2] == 2
    assert canvas.ask("mark('9').images.length") == 1
    canvas.page.keyboard.press("Control+Shift+z")
    assert canvas.ask("workflow()") == full
    canvas.page.keyboard.press("Control+a")
    canvas.page.keyboard.press("Delete")
    assert canvas.nodes() == []
    canvas.page.keyboard.press("Control+z")
    assert canvas.ask("workflow()") == full


def test_idle_draws_nothing(canvas: Canvas) -> None:
    canvas.page.mouse.move(800, 850)
    # Fonts and pictures may still arrive; the page has to fall silent and then stay so.
    silent = """() => new Promise((done) => {
        const frames = () => JSON.stringify(window.__loom.frames());
        let last = frames();
        const look = () => {
            const now = frames();
            if (now === last) done();
            else { last = now; setTimeout(look, 500); }
        };
        setTimeout(look, 500);
    })"""
    canvas.page.evaluate(silent)
    before = canvas.ask("frames()")
    canvas.page.evaluate("new Promise((done) => setTimeout(done, 1500))")
    assert canvas.ask("frames()") == before
    assert before["world"] > 0


def test_a_dropped_picture_restores_its_workflow(canvas: Canvas, live_server: LiveServer) -> None:
    canvas.fill("2", "text", "a yellow star, flat icon")
    canvas.fill("5", "steps", "2")
    sent = canvas.ask("workflow()")
    canvas.run()
    canvas.wait("mark('9').images.length > 0")
    path = canvas.ask("mark('9').images[0]").removeprefix(live_server.url)
    status, picture = live_server.request("GET", path)
    assert status == 200
    canvas.command("new workflow")
    assert canvas.nodes() == []
    canvas.drop("picture.png", "image/png", picture)
    canvas.wait("workflow().nodes.length > 0")
    assert canvas.ask("workflow()") == sent


def test_a_prompt_without_a_workflow_is_laid_out(canvas: Canvas) -> None:
    prompt = {
        "3": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "color": 255}},
        "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}},
    }
    canvas.drop("picture.png", "image/png", png_with(prompt=json.dumps(prompt)))
    canvas.wait("workflow().nodes.length == 2")
    assert canvas.node("3")["widgets_values"] == [8, 8, 1, 255]
    assert canvas.node("3")["pos"][0] < canvas.node("4")["pos"][0]


def test_a_refused_wire_says_why(canvas: Canvas) -> None:
    canvas.wire("1", "VAE", "5", "positive")
    canvas.page.get_by_text("VAE does not fit CONDITIONING").wait_for()
    assert canvas.node("5")["inputs"][1]["link"] == 5


def test_a_refused_wire_offers_what_helps(canvas: Canvas) -> None:
    count = len(canvas.nodes())
    source = canvas.add("EmptyImage", 300, 760)
    canvas.wire(source, "IMAGE", "5", "latent_image")
    canvas.page.get_by_text("IMAGE does not fit LATENT").wait_for()
    canvas.page.get_by_role("menuitem", name="Put VAE Encode between", exact=True).click()
    canvas.wait(f"workflow().nodes.length == {count + 2}")
    (added,) = canvas.ask("selection()")
    links = canvas.ask("workflow()")["links"]
    ends = {(str(link[1]), str(link[3]), link[5]) for link in links if added in map(str, link)}
    assert {(source, added, "IMAGE"), ("1", added, "VAE"), (added, "5", "LATENT")} <= ends
    canvas.page.keyboard.press("Control+z")
    canvas.wait(f"workflow().nodes.length == {count + 1}")


def test_a_wire_dropped_on_the_ground_offers_nodes_that_fit(canvas: Canvas) -> None:
    start = canvas.ask("socket('6', 'output', 'IMAGE')")
    canvas.drag(start, {"x": 1150, "y": 700})
    canvas.page.get_by_role("dialog", name="Nodes that take IMAGE").wait_for()
    canvas.page.keyboard.type("invert")
    canvas.page.keyboard.press("Enter")
    added = canvas.nodes()[-1]
    assert added["type"] == "ImageInvert"
    assert added["inputs"][0]["link"] is not None


def test_faults_of_a_prompt_stand_on_the_nodes(canvas: Canvas) -> None:
    box = canvas.ask("node('3')")
    canvas.page.mouse.click(box["x"] + 60, box["y"] + 10)
    canvas.page.keyboard.press("Delete")
    canvas.run()
    canvas.wait("mark('5').errors.length > 0")
    panel = canvas.page.get_by_role("complementary", name="Problems")
    panel.get_by_role("button", name="KSampler").click()
    assert canvas.ask("selection()") == ["5"]


def test_an_unknown_node_keeps_its_data_and_stops_the_run(canvas: Canvas) -> None:
    strange = {
        "nodes": [
            {"id": 1, "type": "NobodyHasThis", "pos": [0, 0], "size": [200, 100], "x": {"y": 1}}
        ],
        "links": [],
        "version": 0.4,
        "vendor": {"kept": [1, None]},
    }
    canvas.drop("strange.json", "application/json", json.dumps(strange).encode())
    canvas.wait("workflow().vendor")
    dialog = canvas.page.get_by_role("dialog", name="What this workflow lacks here")
    dialog.get_by_role("region", name="NobodyHasThis").wait_for()
    canvas.page.keyboard.press("Escape")
    canvas.run()
    canvas.wait("mark('1').errors.length > 0")
    assert canvas.ask("workflow()") == strange


def test_a_replacement_from_the_dialog_is_one_step(canvas: Canvas) -> None:
    flow = canvas.ask("workflow()")
    sampler = next(node for node in flow["nodes"] if node["type"] == "KSampler")
    loader = next(node for node in flow["nodes"] if node["type"] == "CheckpointLoaderSimple")
    sampler.update(type="FancyKSampler", properties={"cnr_id": "fancy-pack"})
    good, loader["widgets_values"] = loader["widgets_values"], ["gone.safetensors"]
    canvas.drop("fancy.json", "application/json", json.dumps(flow).encode())
    dialog = canvas.page.get_by_role("dialog", name="What this workflow lacks here")
    dialog.get_by_text("From the pack fancy-pack").wait_for()
    dialog.get_by_role("button", name="Replace with KSampler", exact=True).click()
    dialog.get_by_role("button", name=f"Use {good[0]}").click()
    dialog.get_by_text("Nothing is missing.").wait_for()
    assert canvas.node("5")["type"] == "KSampler"
    canvas.page.keyboard.press("Escape")
    canvas.page.keyboard.press("Control+z")
    canvas.page.keyboard.press("Control+z")
    assert canvas.node("5") == sampler


def test_save_and_open_on_the_server(canvas: Canvas, live_server: LiveServer) -> None:
    canvas.fill("2", "text", "kept on the server")
    canvas.page.keyboard.press("Control+s")
    canvas.page.keyboard.type("my flow")
    canvas.page.keyboard.press("Enter")
    canvas.page.get_by_text("Saved as my flow.json").wait_for()
    stored = live_server.get("/userdata/workflows%2Fmy%20flow.json")
    assert stored == canvas.ask("workflow()")
    canvas.command("new workflow")
    canvas.page.keyboard.press("Control+o")
    canvas.page.get_by_role("button", name="my flow").click()
    canvas.wait("workflow().nodes.length > 0")
    assert canvas.node("2")["widgets_values"] == ["kept on the server"]


def test_interrupt_stops_the_job(canvas: Canvas, live_server: LiveServer) -> None:
    canvas.fill("5", "steps", "2000")
    canvas.run()
    canvas.wait("mark('5').live")
    canvas.page.get_by_role("button", name="Stop").click()
    canvas.page.get_by_text("Stopped.").wait_for()
    canvas.wait("mark('5').state == 'idle'")
    live_server.until(lambda: not live_server.running(), "nothing runs")


def test_bypass_mute_collapse_copy_paste(canvas: Canvas) -> None:
    box = canvas.ask("node('8')")
    keys = canvas.page.keyboard
    canvas.page.mouse.click(box["x"] + 60, box["y"] + 10)
    keys.press("Control+b")
    assert canvas.node("8")["mode"] == 4
    keys.press("Control+m")
    assert canvas.node("8")["mode"] == 2
    keys.press("Control+m")
    keys.press("Alt+c")
    assert canvas.node("8")["flags"] == {"collapsed": True}
    keys.press("Alt+c")
    assert canvas.node("8")["mode"] == 0
    count = len(canvas.nodes())
    keys.press("Control+c")
    keys.press("Control+v")
    assert len(canvas.nodes()) == count + 1
    assert canvas.nodes()[-1]["type"] == "ImageUpscaleWithModel"


def test_box_select_and_move_are_one_step(canvas: Canvas) -> None:
    a, b = canvas.ask("node('2')"), canvas.ask("node('4')")
    canvas.page.keyboard.down("Shift")
    canvas.drag(
        {"x": a["x"] - 12, "y": a["y"] - 12},
        {"x": b["x"] + b["w"] - 9, "y": b["y"] + b["h"] - 9},
    )
    canvas.page.keyboard.up("Shift")
    assert sorted(canvas.ask("selection()")) == ["2", "3", "4"]
    before = canvas.ask("workflow()")
    canvas.drag({"x": a["x"] + 60, "y": a["y"] + 10}, {"x": a["x"] + 60, "y": a["y"] + 210})
    assert canvas.node("4")["pos"][1] > before["nodes"][3]["pos"][1] + 100
    canvas.page.keyboard.press("Control+z")
    assert canvas.ask("workflow()") == before


def test_a_plain_picture_becomes_a_node_that_loads_it(canvas: Canvas) -> None:
    canvas.drop("dot.png", "image/png", png_with())
    canvas.wait("workflow().nodes.length == 11")
    added = str(canvas.nodes()[-1]["id"])
    assert canvas.node(added)["type"] == "LoadImage"
    canvas.until("window.__loom.workflow().nodes.at(-1).widgets_values[0] === 'dot.png'")
    assert canvas.node(added)["widgets_values"] == ["dot.png", "image"]
    preview = canvas.add("preview image", 1100, 780)
    canvas.wire(added, "IMAGE", preview, "images")
    box = canvas.ask("node('9')")
    canvas.page.mouse.click(box["x"] + 60, box["y"] + 10)
    canvas.page.keyboard.press("Delete")
    canvas.run()
    canvas.wait(f"mark('{preview}').images.length > 0")


def test_a_reload_in_the_middle_of_a_run_picks_it_up_again(canvas: Canvas) -> None:
    canvas.fill("5", "steps", "200")
    canvas.run()
    canvas.wait("mark('5').live")
    canvas.reload()
    canvas.wait("mark('5').state == 'running'")
    canvas.wait("mark('9').images.length > 0")


def test_fingers_pan_and_pinch(browser: Any, live_server: LiveServer) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    try:
        canvas = Canvas(context.new_page(), live_server.url)
        fingers = context.new_cdp_session(canvas.page)

        def touch(kind: str, *points: tuple[int, int]) -> None:
            at = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        before = canvas.ask("node('2')")
        assert before["w"] > 250 and 0 < before["y"] < 200  # a phone opens on the prompt
        touch("touchStart", (20, 700))
        touch("touchMove", (60, 650))
        touch("touchMove", (120, 600))
        touch("touchEnd")
        panned = canvas.ask("node('2')")
        moved = (round(panned["x"] - before["x"]), round(panned["y"] - before["y"]))
        assert moved == (100, -100)
        touch("touchStart", (150, 700))
        touch("touchStart", (150, 700), (250, 700))
        touch("touchMove", (100, 700), (300, 700))
        touch("touchEnd")
        assert canvas.ask("node('2')")["w"] == pytest.approx(2 * panned["w"], rel=0.02)
        assert canvas.faults == []
    finally:
        context.close()


def test_the_page_comes_back_after_the_server_was_away(
    browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from tests.live import make_base

    server = LiveServer(make_base(tmp_path_factory.mktemp("away") / "base")).start()
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    try:
        canvas = Canvas(context.new_page(), server.url)
        canvas.fill("5", "steps", "150")
        canvas.run()
        canvas.wait("mark('5').live")
        server.stop(signal.SIGKILL)
        canvas.page.get_by_text("Reconnecting").wait_for()
        server.start()
        canvas.page.get_by_text("Reconnecting").wait_for(state="detached")
        canvas.wait("mark('9').images.length > 0")
        canvas.fill("5", "steps", "2")
        canvas.run()
        canvas.wait("mark('5').state == 'done'")
    finally:
        context.close()
        server.stop()
