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
