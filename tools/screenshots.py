"""Make the pictures of docs/screenshots: real server, real browser, shipped models.

    python -m tools.screenshots [STATE ...]

Each state is reached as a user would: by keys, clicks and drops. Looked at before they are
committed; they are pictures, so nothing checks them afterwards.
"""

import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.e2e.test_canvas import CHROMIUM, FLAGS, Canvas
from tests.live import ROOT, LiveServer

PICTURES = ROOT / "docs" / "screenshots"
SIZE, PHONE = {"width": 1600, "height": 900}, {"width": 420, "height": 860}
QUALITY = 84
#: Nodes of the default workflow.
PROMPT, LATENT, SAMPLER, SAVED = "2", "4", "5", "9"


def empty(canvas: Canvas) -> None:
    """A new workflow."""
    canvas.command("New workflow")
    canvas.page.wait_for_timeout(500)


def default(canvas: Canvas) -> None:
    """The first workflow with its result."""
    canvas.run()
    canvas.wait(f"mark('{SAVED}').state === 'done'")
    canvas.page.wait_for_timeout(700)


def big(canvas: Canvas) -> None:
    """A thousand nodes at once: the first workflow a hundred times."""
    _drop(canvas, "thousand nodes.json", _repeated(10, 10))
    canvas.wait("workflow().nodes.length === 1000")
    canvas.page.keyboard.press("Shift+1")
    canvas.page.wait_for_timeout(1200)


def running(canvas: Canvas) -> None:
    """In the middle of sampling."""
    canvas.fill(SAMPLER, "steps", "400")
    canvas.fill(PROMPT, "text", "a panda, cartoon")
    canvas.run()
    canvas.wait(f"mark('{SAMPLER}').live")
    canvas.page.wait_for_timeout(1500)


def error(canvas: Canvas) -> None:
    """A prompt that was refused, with its problems on the nodes and in the list."""
    canvas.page.mouse.click(*_middle(canvas, LATENT))
    canvas.page.keyboard.press("Delete")
    canvas.run()
    canvas.page.get_by_role("complementary", name="Problems").wait_for()
    canvas.page.wait_for_timeout(700)


def diff(canvas: Canvas) -> None:
    """A workflow against another version of it."""
    page = canvas.page
    canvas.fill(SAMPLER, "steps", "28")  # a tab that was not touched would make room
    _drop(canvas, "variant.json", json.loads((ROOT / "workflows" / "default.json").read_text()))
    canvas.until("document.title.startsWith('variant')")
    page.wait_for_timeout(500)
    canvas.fill(SAMPLER, "steps", "32")
    canvas.fill(SAMPLER, "cfg", "5")
    canvas.fill(PROMPT, "text", "a red apple, painting")
    canvas.add("Invert Image", 1080, 620)
    page.keyboard.press("Alt+d")
    dialog = page.get_by_role("dialog", name="Compare with…")
    dialog.get_by_role("button", name="Default").click()
    page.get_by_role("complementary").first.wait_for()
    page.wait_for_timeout(900)


def sweep(canvas: Canvas) -> None:
    """Two axes and the grid of their results."""
    page = canvas.page
    for name, choose in (("steps", _values), ("sampler_name", _samplers)):
        page.mouse.click(*_field(canvas, SAMPLER, name), button="right")
        page.get_by_role("menuitem", name=f"Sweep {name}…").click()
        choose(page)
        page.get_by_role("button", name="Use as axis").click()
    strip = page.get_by_role("region", name="Sweep")
    strip.get_by_role("button", name="Run sweep").click()
    grid = page.get_by_role("dialog", name="Results of the sweep")
    grid.get_by_text("9 of 9 done").wait_for()
    page.wait_for_timeout(900)


def _values(page: Any) -> None:
    page.get_by_label("Values, with commas between").fill("4, 10, 20")


def _samplers(page: Any) -> None:
    for name in ("euler", "dpmpp_2m", "euler_ancestral"):
        box = page.get_by_role("checkbox", name=name, exact=True)
        if not box.is_checked():
            box.check()


def mask(canvas: Canvas) -> None:
    """Painting over a picture."""
    page = canvas.page
    canvas.run()
    canvas.wait(f"mark('{SAVED}').state === 'done'")
    name = str(canvas.ask(f"mark('{SAVED}').images")[0])
    data = io.BytesIO(page.request.get(name).body())
    canvas.drop("apple.png", "image/png", _plain(data), y=780)
    canvas.wait("workflow().nodes.at(-1).type === 'LoadImage'")
    canvas.until("window.__loom.workflow().nodes.at(-1).widgets_values[0] === 'apple.png'")
    node = str(canvas.nodes()[-1]["id"])
    box = canvas.ask(f"node('{node}')")
    page.mouse.click(box["x"] + 60, box["y"] + 10, button="right")
    page.get_by_role("menuitem", name="Edit mask").click()
    sheet = page.get_by_role("dialog", name="Mask editor").locator(".easel-sheet").bounding_box()
    assert sheet is not None
    for row in (0.42, 0.5, 0.58):
        left = {"x": sheet["x"] + sheet["width"] * 0.35, "y": sheet["y"] + sheet["height"] * row}
        canvas.drag(left, {**left, "x": sheet["x"] + sheet["width"] * 0.65})
    page.wait_for_timeout(500)


def gallery(canvas: Canvas) -> None:
    """Results of five prompts."""
    page = canvas.page
    for text in (
        "a red apple",
        "a panda, cartoon",
        "a rocket, 3d render",
        "a cactus",
        "a fox, 3d render",
    ):
        before = canvas.ask(f"mark('{SAVED}').images").copy()
        canvas.fill(PROMPT, "text", text)
        canvas.run()
        canvas.until(
            f"window.__loom.mark('{SAVED}').state === 'done' && "
            f"String(window.__loom.mark('{SAVED}').images) !== {json.dumps(','.join(before))}"
        )
    canvas.command("results")
    panel = page.get_by_role("complementary", name="Results")
    panel.get_by_role("listitem").nth(2).wait_for()
    page.wait_for_timeout(900)


def form(canvas: Canvas) -> None:
    """The first workflow as a form, with its result."""
    canvas.run()
    canvas.wait(f"mark('{SAVED}').state === 'done'")
    canvas.page.keyboard.press("Alt+f")
    canvas.page.get_by_role("button", name="Choose the usual ones").click()
    canvas.page.wait_for_timeout(900)


def phone(canvas: Canvas) -> None:
    """The same page in a hand."""
    canvas.wait("prospect('5') !== null")
    canvas.page.wait_for_timeout(700)


STATES: dict[str, Callable[[Canvas], None]] = {
    state.__name__: state
    for state in (empty, default, big, running, error, diff, sweep, mask, gallery, form, phone)
}


def _middle(canvas: Canvas, node: str) -> tuple[float, float]:
    box = canvas.ask(f"node('{node}')")
    return box["x"] + box["w"] / 2, box["y"] + 12


def _field(canvas: Canvas, node: str, name: str) -> tuple[float, float]:
    at = canvas.ask(f"widget('{node}', '{name}')")
    return at["x"], at["y"]


def _drop(canvas: Canvas, name: str, file: Any) -> None:
    canvas.drop(name, "application/json", json.dumps(file).encode())


def _repeated(columns: int, rows: int) -> dict[str, Any]:
    """The default workflow many times, side by side."""
    file = json.loads((ROOT / "workflows" / "default.json").read_text())
    nodes, links = [], []
    for i in range(columns * rows):
        shift, x, y = 100 * i, 2100 * (i % columns), 900 * (i // columns)
        copy = json.loads(json.dumps(file))
        for node in copy["nodes"]:
            node["id"] += shift
            node["pos"] = [node["pos"][0] + x, node["pos"][1] + y]
            for socket in node.get("inputs", ()):
                socket["link"] = None if socket["link"] is None else socket["link"] + shift
            for socket in node.get("outputs", ()):
                socket["links"] = [link + shift for link in socket["links"] or ()]
        nodes += copy["nodes"]
        links += [
            [id + shift, a + shift, s, b + shift, t, kind] for id, a, s, b, t, kind in copy["links"]
        ]
    return {**file, "nodes": nodes, "links": links, "last_node_id": 9999, "last_link_id": 9999}


def _plain(data: io.BytesIO) -> bytes:
    """A picture without the workflow in it, which would be opened instead."""
    out = io.BytesIO()
    Image.open(data).convert("RGB").save(out, "PNG")
    return out.getvalue()


@contextmanager
def _serving() -> Iterator[LiveServer]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "models").symlink_to(ROOT / "models")
        server = LiveServer(base, single_thread=False).start()
        try:
            server.until(lambda: " is ready." in server.log(), "the worker is ready")
            yield server
        finally:
            server.stop()


def main(names: list[str]) -> None:
    """Make the pictures of some states, or all."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name in names or list(STATES):
            with _serving() as server:
                size = PHONE if name == "phone" else SIZE
                touch = {"has_touch": True, "is_mobile": True} if name == "phone" else {}
                page = browser.new_context(viewport=size, **touch).new_page()
                STATES[name](Canvas(page, server.url))
                picture = Image.open(io.BytesIO(page.screenshot()))
                picture.convert("RGB").save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)
                page.context.close()
            print(name, (PICTURES / f"{name}.webp").stat().st_size // 1024, "KB")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
