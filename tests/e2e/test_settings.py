"""Settings in the real page: their effect at once, after a reload, and in another browser."""

from typing import Any

from tests.live import LiveServer

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas", "playwright"]


def choose(canvas: Canvas, name: str, value: str) -> None:
    with canvas.page.expect_response(lambda answer: answer.url.endswith("/settings")):
        canvas.page.get_by_label(name, exact=True).select_option(value)


def root(canvas: Canvas, name: str) -> Any:
    return canvas.page.evaluate(f"document.documentElement.{name}")


def test_settings_act_at_once_and_everywhere(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    page.keyboard.press("Control+,")
    dialog = page.get_by_role("dialog", name="Settings")
    dialog.get_by_label("Search settings").fill("contrast")
    assert dialog.locator("select").count() == 1
    choose(canvas, "Theme", "contrast")
    assert root(canvas, "dataset.theme") == "contrast"
    assert (
        page.evaluate("getComputedStyle(document.querySelector('dialog')).borderTopWidth") == "2px"
    )
    dialog.get_by_label("Search settings").fill("")
    choose(canvas, "Wheel", "pan")
    choose(canvas, "Size of the grid", "24")
    choose(canvas, "Snap to the grid", "on")
    choose(canvas, "Language", "de")
    page.get_by_role("dialog", name="Einstellungen").wait_for()
    assert root(canvas, "lang") == "de"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ausführen").wait_for()
    stored = live_server.get("/settings")
    assert (stored["loom.theme"], stored["loom.language"]) == ("contrast", "de")
    _the_wheel_pans(canvas)
    _a_drag_snaps(canvas)
    _another_browser_agrees(canvas)
    live_server.post("/settings", {name: None for name in stored if name.startswith("loom.")})


def _the_wheel_pans(canvas: Canvas) -> None:
    zoom = canvas.page.locator(".zoom").inner_text()
    before = canvas.ask("node('5')")
    canvas.page.mouse.move(*_middle(canvas))
    canvas.page.mouse.wheel(0, 240)
    canvas.wait(f"node('5').y < {before['y'] - 200}")
    assert canvas.page.locator(".zoom").inner_text() == zoom


def _a_drag_snaps(canvas: Canvas) -> None:
    box = canvas.ask("node('5')")
    mouse = canvas.page.mouse
    x, y = box["x"] + box["w"] / 2, box["y"] + 8
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + 61, y + 37, steps=4)
    mouse.up()
    assert [at % 24 for at in canvas.node("5")["pos"]] == [0, 0]


def _another_browser_agrees(canvas: Canvas) -> None:
    canvas.page.evaluate("localStorage.clear()")
    canvas.reload()
    canvas.page.get_by_role("button", name="Ausführen").wait_for()
    assert root(canvas, "dataset.theme") == "contrast"


def _middle(canvas: Canvas) -> tuple[float, float]:
    size = canvas.page.viewport_size or {"width": 0, "height": 0}
    return size["width"] / 2, size["height"] / 2
