"""What scripts of node packs add to the canvas, and how it is kept apart from everything else."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveServer, make_base

from .test_canvas import Canvas, browser, playwright

__all__ = ["browser", "playwright"]

ROOT = Path(__file__).resolve().parents[2]
FAULTY = """
import { definePlugin } from "/loom/plugin.js";
export default definePlugin({
  name: "Faulty",
  commands: [{ id: "bad", title: "Fail at once", run() { throw new Error("no luck"); } }],
  overlays: [{ id: "boom", draw() { throw new Error("cannot draw"); } }],
  nodeRenderers: [{ type: "ExampleTint", draw(ctx) { ctx.translate(500, 0); ctx.save(); } }],
  start(loom) { loom.addCommand({ id: "bad", title: "Again", run() {} }); },
});
"""
BROKEN = 'import { definePlugin } from "/loom/plugin.js"; throw new Error("broken at once");'
THEIRS = 'import { app } from "../../scripts/app.js"; app.registerExtension({ name: "theirs" });'
#: Whether a part of the canvas has a pixel that is plainly red.
IS_RED = """({ x, y, w }) => {
  const layer = document.querySelector("canvas.world");
  const at = layer.getBoundingClientRect();
  const k = layer.width / at.width;
  const part = [(x - at.left) * k, (y - at.top) * k, w * k, 28 * k];
  const { data } = layer.getContext("2d").getImageData(...part);
  for (let i = 0; i < data.length; i += 4)
    if (data[i] === 255 && data[i + 1] === 0 && data[i + 2] === 0) return true;
  return false;
}"""
#: Ends once the page has drawn nothing for half a second.
RESTS = """async () => {
  for (let before = "", now = null; before !== now; ) {
    before = now ?? "";
    await new Promise((done) => setTimeout(done, 500));
    now = JSON.stringify(window.__loom.frames());
  }
}"""
MANY = """
class Many:
    INPUT_TYPES = classmethod(lambda cls: {"required": {
        "colours": ("COMBO", {"options": ["red", "green", "blue"], "multi_select": True})}})
    RETURN_TYPES = ()
    FUNCTION = "go"
    OUTPUT_NODE = True

    def go(self, colours):
        return {"ui": {"text": ["+".join(colours)]}}


NODE_CLASS_MAPPINGS = {"Many": Many}
"""
INSIDES = THEIRS + " LGraphCanvas.prototype.drawNode = () => {};"
SCRIPTS = {
    "faulty": {"faulty.js": FAULTY},
    "others": {
        "broken.js": BROKEN,
        "theirs.js": THEIRS,
        "insides.js": INSIDES,
        "part.js": "export const x = 1;",
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("extensions") / "base")
    packs = base / "custom_nodes"
    shutil.copytree(ROOT / "custom_nodes" / "example_pack", packs / "example_pack")
    for name, files in SCRIPTS.items():
        (packs / name / "js").mkdir(parents=True)
        (packs / name / "__init__.py").write_text(
            'WEB_DIRECTORY = "./js"\nNODE_CLASS_MAPPINGS = {}\n'
        )
        for file, text in files.items():
            (packs / name / "js" / file).write_text(text)
    (packs / "many.py").write_text(MANY)
    running = LiveServer(base).start()
    running.until(lambda: " is ready." in running.log(), "the worker is ready")
    yield running
    running.stop()


@pytest.fixture
def canvas(browser: Any, server: LiveServer) -> Iterator[Canvas]:
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    page = Canvas(context.new_page(), server.url)
    yield page
    context.close()
    assert page.faults == []


def open_list(canvas: Canvas) -> Any:
    canvas.command("Extensions")
    dialog = canvas.page.get_by_role("dialog", name="Extensions")
    dialog.get_by_role("region", name="Example").wait_for()
    return dialog


def test_a_plugin_adds_each_thing_and_takes_all_back(canvas: Canvas) -> None:
    page = canvas.page
    key = canvas.add("Tint (example)", 700, 750)
    dialog = open_list(canvas)
    line = dialog.get_by_role("region", name="Example")
    line.get_by_text("2 commands, 1 panel, 1 overlay, 1 node renderer, 1 widget").wait_for()
    page.keyboard.press("Escape")

    canvas.click_widget(key, "amount")  # the middle of the field, as the plugin reads it
    assert canvas.node(key)["widgets_values"][1] == pytest.approx(0.5, abs=0.02)
    at = canvas.ask(f"widget('{key}', 'amount')")
    page.mouse.click(at["x"] + 60, at["y"])
    amount = canvas.node(key)["widgets_values"][1]
    assert amount > 0.6
    page.keyboard.press("Control+z")
    assert canvas.node(key)["widgets_values"][1] < amount

    page.mouse.click(1300, 850)
    assert canvas.ask("selection()") == []
    assert page.evaluate(IS_RED, canvas.ask(f"node('{key}')")), "the dot of the node renderer"
    page.keyboard.press("Alt+Shift+t")
    assert canvas.ask("selection()") == [key]
    page.get_by_text("1 Tint nodes").wait_for()
    canvas.command("Tint nodes")
    panel = page.get_by_role("complementary", name="Tint nodes")
    panel.get_by_text("red 0.5").wait_for()
    page.keyboard.press("Control+Shift+z")
    panel.get_by_text(f"red {amount}").wait_for()

    dialog = open_list(canvas)
    line = dialog.get_by_role("region", name="Example")
    line.get_by_role("switch").click()
    panel.wait_for(state="detached")
    page.keyboard.press("Escape")
    page.mouse.click(1300, 850)
    page.keyboard.press("Alt+Shift+t")
    assert canvas.ask("selection()") == []
    assert not page.evaluate(IS_RED, canvas.ask(f"node('{key}')"))
    canvas.reload()
    dialog = open_list(canvas)
    line = dialog.get_by_role("region", name="Example")
    assert not line.get_by_role("switch").is_checked()
    line.get_by_role("switch").click()
    line.get_by_text("2 commands").wait_for()


def test_faults_are_caught_named_and_stop_nobody_else(canvas: Canvas) -> None:
    page = canvas.page
    canvas.add("Tint (example)", 700, 750)
    dialog = open_list(canvas)
    faulty = dialog.get_by_role("region", name="Faulty")
    faulty.get_by_text("Faulty failed in start: there is a command bad already").wait_for()
    faulty.get_by_text("Faulty failed in boom: cannot draw").wait_for()
    faulty.get_by_text("each save() needs its restore()").wait_for()
    dialog.get_by_role("region", name="others/broken.js").get_by_text("broken at once").wait_for()
    theirs = dialog.get_by_role("region", name="others/theirs.js")
    theirs.get_by_text("Written for the ComfyUI page").wait_for()
    insides = dialog.get_by_role("region", name="others/insides.js")
    insides.get_by_text("Changes the insides of the ComfyUI page").wait_for()
    assert dialog.get_by_role("region").count() == 5  # part.js is no extension
    page.keyboard.press("Escape")
    canvas.command("Fail at once")
    page.get_by_text("Faulty failed in Fail at once: no luck").first.wait_for()
    page.evaluate(RESTS)  # what failed asks for no more frames


def test_several_of_a_list_are_chosen_and_sent(canvas: Canvas, server: LiveServer) -> None:
    page = canvas.page
    key = canvas.add("Many", 700, 750)
    canvas.click_widget(key, "colours")
    items = page.get_by_role("listbox", name="colours")
    items.get_by_role("option", name="blue").click()
    items.get_by_role("option", name="red").click()
    assert items.get_by_role("option", name="red").get_attribute("aria-selected") == "true"
    items.get_by_role("option", name="green").click()
    items.get_by_role("option", name="green").click()
    page.keyboard.press("Escape")
    assert canvas.node(key)["widgets_values"] == [["red", "blue"]]
    canvas.run()

    def texts() -> list[Any]:
        found = [entry["outputs"].get(key, {}) for entry in server.get("/history").values()]
        return [output["text"] for output in found if "text" in output]

    assert server.until(texts, "the node ran") == [["red+blue"]]
