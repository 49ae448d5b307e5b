"""Fields of every kind and results of every kind, by hand in a browser."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer

from .test_canvas import CHROMIUM, FLAGS, Canvas, playwright


@pytest.fixture(scope="module")
def page(live_server: LiveServer) -> Iterator[Canvas]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        canvas = Canvas(browser.new_page(viewport={"width": 1600, "height": 900}), live_server.url)
        yield canvas
        browser.close()
    assert canvas.faults == []


def show(page: Canvas, *nodes: dict[str, Any]) -> None:
    """Put a workflow of unwired nodes on the canvas."""
    placed = [{"id": i + 1, "pos": [i * 420, 0], **node} for i, node in enumerate(nodes)]
    content = {"nodes": placed, "links": [], "last_node_id": len(placed), "version": 0.4}
    page.drop("fields.json", "application/json", json.dumps(content).encode())
    page.wait(
        f"workflow().nodes.map((n) => n.type).join() === '{','.join(n['type'] for n in nodes)}'"
    )


def test_sliders_lists_and_routes_give_the_run_their_values(page: Canvas) -> None:
    show(page, {"type": "Kinds", "size": [340, 260]})
    for name, dx in (("strength", 34), ("angle", 16)):
        at = page.ask(f"widget('1', '{name}')")
        page.drag(at, {"x": at["x"] + dx, "y": at["y"]})
    page.click_widget("1", "tags")
    page.page.get_by_role("option", name="studio").click()
    page.page.get_by_role("option", name="landscape").click()
    page.page.keyboard.press("Escape")
    page.click_widget("1", "served")
    page.page.get_by_role("option", name="checkpoints").click()
    page.run()
    page.wait("mark('1').state === 'done'")
    (text,) = page.ask("mark('1').texts")
    said = json.loads(text)
    assert said["tags"] == ["landscape", "studio"]
    assert (said["served"], said["tint"]) == ("checkpoints", "#ff8800")
    assert said["strength"] > 0.65 and said["angle"] > 60
    assert page.node("1")["widgets_values"][4] == ["landscape", "studio"]


def within(page: Canvas, name: str, x: float, y: float) -> dict[str, float]:
    """A place in a field of node 1, in units of the canvas from the middle of its box."""
    at, box = page.ask(f"widget('1', '{name}')"), page.ask("node('1')")
    scale = box["w"] / 340
    return {"x": at["x"] + x * scale, "y": at["y"] + y * scale}


def test_curves_and_boxes_are_drawn_by_hand(page: Canvas) -> None:
    show(page, {"type": "KindsDrawn", "size": [340, 560]})
    at = within(page, "tone", -60, -30)
    page.page.mouse.click(at["x"], at["y"])
    page.drag(within(page, "tone", -60, -30), within(page, "tone", -60, 10))
    page.drag(within(page, "all", -30, -30), within(page, "all", 10, 30))
    page.drag(within(page, "all", 20, 0), within(page, "all", 50, 30))
    page.drag(within(page, "crop", 0, 0), within(page, "crop", 40, 60))
    page.run()
    page.wait("mark('1').state === 'done'")
    (text,) = page.ask("mark('1').texts")
    said = json.loads(text)
    (first, middle, last) = said["tone"]
    assert (first, last) == ([0, 0], [1, 1]) and 0.2 < middle[0] < 0.4 and middle[1] < 0.6
    assert len(said["all"]) == 2 and all(box["width"] > 40 for box in said["all"])
    assert said["crop"] == {"x": 0, "y": 0, "width": 512, "height": 512}  # it fills the frame
    page.page.keyboard.press("Control+z")
    page.page.keyboard.press("Control+z")
    assert len(page.node("1")["widgets_values"][2]) == 1


def test_lists_of_models_show_pictures_of_those_in_view(
    page: Canvas, live_server: LiveServer
) -> None:
    from PIL import Image

    folder = live_server.base / "models" / "checkpoints"
    Image.new("RGB", (32, 32), "teal").save(folder / "loom-tiny.png")
    show(page, {"type": "CheckpointLoaderSimple", "size": [340, 120]})
    page.click_widget("1", "ckpt_name")
    page.page.locator(".list-item img").wait_for()
    page.page.keyboard.press("Escape")


def test_a_node_shows_pictures_one_by_one_a_player_and_words(page: Canvas) -> None:
    show(page, {"type": "KindsResults", "size": [340, 420]})
    page.run()
    page.wait("mark('1').images.length === 3")
    page.page.locator("audio.player").wait_for()
    assert page.ask("mark('1').texts") == ["Three colours and a tone."]
    box = page.ask("node('1')")
    scale = box["w"] / 340
    bar = {"x": box["x"] + box["w"] / 2, "y": box["y"] + box["h"] - 19 * scale}
    page.page.mouse.click(bar["x"] + 40 * scale, bar["y"])
    page.page.mouse.click(bar["x"] + 40 * scale, bar["y"])
    page.page.mouse.dblclick(bar["x"], box["y"] + box["h"] - 120 * scale)
    page.page.get_by_role("dialog", name="Picture").get_by_text("2 / 3").wait_for()
    page.page.keyboard.press("Escape")
    page.page.mouse.move(800, 400)
    for _ in range(12):
        page.page.mouse.wheel(0, 240)
    page.page.locator("audio.player").wait_for(state="detached")


def test_two_pictures_are_compared_on_the_node(page: Canvas) -> None:
    """Drag the line: what lies under a point changes from one picture to the other."""
    sides = [{"type": "EmptyImage", "widgets_values": [64, 64, 1, c]} for c in (0xFF0000, 0x00FF00)]
    show(page, *sides, {"type": "ImageCompare", "size": [300, 300]})
    page.page.keyboard.press("Shift+1")
    page.wire("1", "IMAGE", "3", "image_a")
    page.wire("2", "IMAGE", "3", "image_b")
    page.run()
    page.wait("mark('3').state === 'done'")
    box = page.ask("node('3')")
    at = {"x": box["x"] + box["w"] / 4, "y": box["y"] + box["h"] * 0.8}
    colour = f"""(() => {{
        const world = document.querySelector('canvas.world'), seen = world.getBoundingClientRect();
        const k = window.devicePixelRatio, c = world.getContext('2d');
        const x = ({at["x"]} - seen.left) * k, y = ({at["y"]} - seen.top) * k;
        return [...c.getImageData(x, y, 1, 1).data].slice(0, 2).join();
    }})()"""
    page.until(f"{colour} === '255,0'")
    page.drag(
        {"x": box["x"] + box["w"] / 2, "y": at["y"]},
        {"x": box["x"] + box["w"] / 10, "y": at["y"]},
    )
    page.until(f"{colour} === '0,255'")
