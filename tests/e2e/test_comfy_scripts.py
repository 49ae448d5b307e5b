"""Scripts that packs wrote for the ComfyUI page, running on this canvas; one page for all of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import LiveServer, make_base

from .test_canvas import Canvas, browser, playwright

__all__ = ["browser", "playwright"]

ROOT = Path(__file__).resolve().parents[2]
PROBE = {"id": 1, "type": "CanvasProbe", "pos": [0, 0], "size": [340, 330]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = make_base(tmp_path_factory.mktemp("scripts") / "base")
    shutil.copytree(ROOT / "tests" / "packs" / "canvas", base / "custom_nodes" / "canvas")
    running = LiveServer(base).start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def canvas(browser: Any, server: LiveServer) -> Iterator[Canvas]:
    page = browser.new_page(viewport={"width": 1600, "height": 900})
    page.set_default_timeout(20_000)
    made = Canvas(page, server.url)
    page.wait_for_function("() => globalThis.__seen?.stats !== undefined")
    yield made
    page.close()


def seen(canvas: Canvas, name: str) -> list[Any]:
    """What the scripts wrote down under a name."""
    found = canvas.page.evaluate("(name) => globalThis.__seen[name] ?? []", name)
    assert isinstance(found, list)
    return found


def show(canvas: Canvas, *nodes: dict[str, Any]) -> None:
    """Put a workflow of such nodes on the canvas."""
    doc = {"nodes": [*nodes], "links": [], "last_node_id": len(nodes), "version": 0.4}
    canvas.drop("probe.json", "application/json", json.dumps(doc).encode())
    wanted = ",".join(node["type"] for node in nodes)
    canvas.wait(f"workflow().nodes.map((n) => n.type).join() === '{wanted}'")
    canvas.page.wait_for_function("(n) => app.graph._nodes.length === n", arg=len(nodes))


def test_modules_and_globals_are_there(canvas: Canvas) -> None:
    missing = canvas.page.evaluate(
        """async (paths) => {
          const missing = [];
          for (const path of paths) {
            const module = await import(path);
            for (const [name, value] of Object.entries(module))
              if (value === undefined) missing.push(`${path} ${name}`);
          }
          return missing;
        }""",
        [
            *(
                f"/scripts/{name}.js"
                for name in ("app", "api", "widgets", "ui", "utils", "domWidget", "pnginfo")
            ),
            *(f"/scripts/{name}.js" for name in ("changeTracker", "defaultGraph", "ui/dialog")),
            *(f"/scripts/ui/{name}.js" for name in ("settings", "utils", "toggleSwitch")),
            *(f"/scripts/ui/{name}.js" for name in ("draggableList", "imagePreview", "menu/index")),
            *(
                f"/scripts/ui/components/{name}.js"
                for name in ("button", "buttonGroup", "splitButton", "popup", "asyncDialog")
            ),
            *(f"/extensions/core/{name}.js" for name in ("groupNode", "widgetInputs", "clipspace")),
        ],
    )
    assert missing == []
    names = "LiteGraph LGraph LLink LGraphNode LGraphGroup LGraphCanvas ContextMenu app comfyAPI"
    there = canvas.page.evaluate(
        "(names) => names.split(' ').filter((n) => !(n in globalThis))", names
    )
    assert there == []


def test_fields_of_scripts_keep_their_values_and_give_them_to_runs(canvas: Canvas) -> None:
    show(canvas, {**PROBE, "widgets_values": ["Eve", 2, 5]})
    fields = canvas.page.evaluate(
        "() => app.graph._nodes[0].widgets.map((w) => [w.name, w.value, w.hidden === true])"
    )
    assert fields[:3] == [["name", "Eve", False], ["stars", 2, False], ["size", 5, False]]
    assert ["secret", "hush", True] in fields and ["mood", "calm", False] in fields
    stars = canvas.ask("widget('1', 'stars')")
    canvas.page.mouse.click(stars["x"] + 120, stars["y"])
    canvas.wait("workflow().nodes[0].widgets_values[1] === 5")
    canvas.fill("1", "name", "Zoe")
    canvas.page.wait_for_function("() => globalThis.__seen.name?.includes('Zoe')")
    assert seen(canvas, "changed")[-1][:2] == ["name", "Zoe"]
    canvas.page.get_by_label("Note of the probe").fill("by hand")
    canvas.run()
    canvas.wait("mark('1').state === 'done'")
    (text,) = canvas.ask("mark('1').texts")
    said = json.loads(text)
    assert said == {"name": "Zoe!", "note": "by hand", "size": 5, "stars": 5}
    assert seen(canvas, "output")[-1] == [text] and seen(canvas, "executing")[-1] is None
    assert seen(canvas, "began") and seen(canvas, "execution_start")
    job = canvas.page.evaluate(
        "async () => Object.values(await (await fetch('/history?max_items=1')).json())[0].prompt"
    )
    assert job[3]["extra_pnginfo"]["workflow"]["extra"]["touched"] is True
    assert job[2]["1"]["inputs"]["mood"] == "very calm"
    button = canvas.ask("widget('1', 'Reset')")
    canvas.page.mouse.click(button["x"], button["y"])
    canvas.wait("workflow().nodes[0].widgets_values[0] === 'Reset'")
    canvas.page.keyboard.press("Control+z")
    canvas.wait("workflow().nodes[0].widgets_values[0] === 'Zoe'")


def test_scripts_build_and_change_graphs(canvas: Canvas) -> None:
    show(canvas, PROBE)
    made = canvas.page.evaluate("() => __wires.build()")
    assert made == {
        "ids": [2, 3],
        "link": [2, 3, "STRING", 1, True],
        "source": 2,
        "targets": [3],
        "order": [1, 2, 3],
        "found": True,
        "json": {"kind": "second", "list": [1, 2, 3]},
    }
    assert [1, 0, True, 3, "text"] in seen(canvas, "wired")
    assert ["kind", "second"] in seen(canvas, "property")
    assert canvas.page.evaluate("() => __wires.take()") == 2
    assert [1, 0, False, 3, "text"] in seen(canvas, "wired")
    assert seen(canvas, "removed")[-1] == "CanvasProbe"
    steps = 0
    while len(canvas.nodes()) != 1:  # each thing that a script does is undone like any other
        canvas.page.keyboard.press("Control+z")
        steps += 1
        assert steps < 8


def test_scripts_see_to_wires(canvas: Canvas) -> None:
    show(canvas, PROBE, {**PROBE, "id": 2, "pos": [600, 0]})
    page = canvas.page
    page.evaluate("() => { globalThis.__refuses = globalThis.__takesDrops = true; }")
    ends = "STRING", "text"
    start = canvas.ask(f"socket('1', 'output', '{ends[0]}')")
    stop = canvas.ask(f"socket('2', 'input', '{ends[1]}')")
    canvas.drag(start, stop)
    page.get_by_text("An extension of one of the nodes refuses this wire.").wait_for()
    assert seen(canvas, "asked")[-1] == [0, "STRING", 1] and canvas.ask("workflow().links") == []
    canvas.drag(start, {"x": start["x"] + 90, "y": start["y"] - 120})
    assert seen(canvas, "dropped")[-1] == [1, "STRING"]
    assert page.get_by_role("dialog").count() == 0
    page.evaluate("() => { globalThis.__refuses = globalThis.__takesDrops = false; }")
    canvas.drag(start, stop)
    canvas.wait("workflow().links.length === 1")
    page.evaluate("() => { globalThis.__takesLinks = true; }")
    page.mouse.click((start["x"] + stop["x"]) / 2, (start["y"] + stop["y"]) / 2)
    page.wait_for_function("() => globalThis.__seen.link?.length === 1")
    assert page.get_by_role("menu").count() == 0


def test_scripts_draw_on_nodes_and_are_pressed(canvas: Canvas) -> None:
    show(canvas, PROBE)
    canvas.page.wait_for_function("() => globalThis.__seen.draw?.length > 0")
    box = canvas.ask("node('1')")
    scale = box["w"] / 340
    at = {"x": box["x"] + box["w"] - 16 * scale, "y": box["y"] + 14 * scale}
    canvas.page.mouse.click(at["x"], at["y"])
    assert seen(canvas, "pressed")[-1][0] in range(322, 327)
    assert 1 in seen(canvas, "selected")
    canvas.page.wait_for_function(
        """({ x, y }) => {
          const layer = document.querySelector("canvas.world");
          const at = layer.getBoundingClientRect();
          const k = layer.width / at.width;
          const place = [(x - at.left) * k, (y - at.top) * k, 1, 1];
          const part = layer.getContext("2d").getImageData(...place);
          return String([...part.data].slice(0, 3)) === "255,0,0";
        }""",
        arg={"x": at["x"], "y": box["y"] + 4 * scale},
    )


def test_scripts_add_lines_to_menus(canvas: Canvas) -> None:
    show(canvas, PROBE)
    box = canvas.ask("node('1')")
    canvas.page.mouse.click(box["x"] + 60, box["y"] + 14, button="right")
    canvas.page.get_by_role("menuitem", name="Probe deeper").click()
    canvas.page.get_by_role("menuitem", name="Left").click()
    canvas.page.wait_for_function("() => globalThis.__seen.menu?.includes('left of 1')")
    canvas.page.mouse.click(box["x"] - 120, box["y"] - 60, button="right")
    canvas.page.get_by_role("menuitem", name="Line of old").click()
    canvas.page.wait_for_function("() => globalThis.__seen.menu?.includes('old')")
    canvas.page.locator(".canvas").first.press("F8")
    canvas.page.wait_for_function("() => globalThis.__seen.key?.length === 1")


def test_scripts_add_commands_settings_panels_and_types(canvas: Canvas) -> None:
    page = canvas.page
    assert seen(canvas, "volume")[0] == ["low", None] and seen(canvas, "old") == [True]
    assert seen(canvas, "setting") == [["low", True]]
    page.keyboard.press("Control+Alt+j")
    page.get_by_text("Hello: everybody").wait_for()
    canvas.command("Side of the probe")
    page.get_by_text("From the side").wait_for()
    canvas.command("Side of the probe")
    page.evaluate("() => __dialog()")
    page.get_by_role("button", name="Press").click()
    assert seen(canvas, "press") == [1]
    page.get_by_role("button", name="Close", exact=True).click()
    key = canvas.add("Sticker", 300, 600)
    assert canvas.node(key)["outputs"][0]["type"] == "*"
    assert canvas.ask(f"widget('{key}', 'words')") is not None


def test_the_list_of_extensions_says_what_each_does(canvas: Canvas) -> None:
    page = canvas.page
    canvas.command("Extensions")
    dialog = page.get_by_role("dialog", name="Extensions")
    dialog.get_by_role("region", name="canvas/insides.js").get_by_text("drawNode").wait_for()
    failing = dialog.get_by_role("region", name="canvas/failing.js")
    failing.get_by_text("no luck today").wait_for()
    failing.get_by_text("cannot draw").wait_for()
    fields = dialog.get_by_role("region", name="canvas/fields.js")
    assert "canvas.fields" in fields.inner_text() and "failed" not in fields.inner_text()
    volume = dialog.get_by_role("region", name="canvas/data.js").get_by_label("Volume")
    volume.select_option("high")
    page.wait_for_function("() => globalThis.__seen.volume.length > 1")
    assert seen(canvas, "volume")[-1] == ["high", "low"]
    page.keyboard.press("Escape")
