"""The page on a small screen under real fingers: sheets, the bar, menus, wires, pinches."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.live import LiveServer

from .test_canvas import Canvas, browser, playwright

__all__ = ["browser", "playwright"]

#: What a finger hits surely.
LEAST = 44
SMALL = """(least) => [...document.querySelectorAll(
    ".topbar button, .phonebar button, .panel button, .panel input, .menu button, .dialog button"
)].filter((one) => one.checkVisibility() && !one.closest(".tab, .sheet-grip, .model-thumb"))
  .map((one) => [one.getAttribute("aria-label") ?? one.textContent, one.getBoundingClientRect()])
  .filter(([, box]) => box.height > 0 && (box.height < least || box.width < least))
  .map(([name, box]) => `${name} ${Math.round(box.width)} x ${Math.round(box.height)}`)"""


class Fingers:
    """Touches of the page, as the browser gets them from a screen."""

    def __init__(self, page: Any) -> None:
        self._session = page.context.new_cdp_session(page)

    def touch(self, kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(at)]
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def drag(self, a: dict[str, float], b: dict[str, float]) -> None:
        self.touch("touchStart", (a["x"], a["y"]))
        for i in range(1, 6):
            x, y = (a[axis] + (b[axis] - a[axis]) * i / 5 for axis in "xy")
            self.touch("touchMove", (x, y))
        self.touch("touchEnd")


@pytest.fixture
def phone(browser: Any, live_server: LiveServer) -> Iterator[Canvas]:
    size = {"width": 420, "height": 860}
    context = browser.new_context(viewport=size, has_touch=True, is_mobile=True)
    canvas = Canvas(context.new_page(), live_server.url)
    yield canvas
    assert canvas.faults == []
    context.close()


def test_fingers_move_zoom_wire_and_ask(phone: Canvas) -> None:
    page, fingers = phone.page, Fingers(phone.page)
    before = phone.ask("node('3')")
    fingers.touch("touchStart", (100, 700))
    fingers.touch("touchStart", (100, 700), (200, 700))
    for i in range(1, 6):
        fingers.touch("touchMove", (100 + 5 * i, 700), (200 - 5 * i, 700))
    fingers.touch("touchEnd")
    after = phone.ask("node('3')")
    assert 0.4 < after["w"] / before["w"] < 0.7, "two fingers zoom"
    output, target = (phone.ask(f"socket('{key}', {side})") for key, side in WIRE)
    fingers.drag(output, target)
    encoder = phone.node("3")
    link = next(one for one in phone.ask("workflow()")["links"] if one[3] == 5 and one[4] == 1)
    assert link[1] == encoder["id"], "a finger pulls wires"
    header = phone.ask("node('3')")
    fingers.touch("touchStart", (header["x"] + 40, header["y"] + 6))
    page.get_by_role("menuitem", name="Rename").wait_for()
    fingers.touch("touchEnd")
    menu = page.get_by_role("menu").bounding_box() or {"x": -1, "width": 0}
    assert (menu["x"], menu["width"]) == (0, 420)
    assert page.evaluate(SMALL, LEAST) == []
    page.get_by_role("menuitem", name="Duplicate").tap()
    phone.wait("workflow().nodes.length === 11")


WIRE = (("3", "'output', 'CONDITIONING'"), ("5", "'input', 'positive'"))


def test_sheets_and_the_bar_are_large_enough(phone: Canvas) -> None:
    page, fingers = phone.page, Fingers(phone.page)
    found = []
    assert page.evaluate("document.documentElement.scrollWidth") == 420
    for key in "nqrpo":
        page.locator(".canvas").press(key)
        page.locator("aside.panel .panel-body > *").first.wait_for()
        found += [f"{key}: {line}" for line in page.evaluate(SMALL, LEAST)]
    grip = page.get_by_role("button", name="Height of the panel")
    low = page.locator(".panel").bounding_box()["height"]
    grip.tap()
    assert page.locator(".panel").bounding_box()["height"] > low * 1.5
    box = grip.bounding_box()
    at = {"x": box["x"] + 100, "y": box["y"] + 8}
    fingers.drag(at, {"x": at["x"], "y": 840.0})
    page.locator(".panel").wait_for(state="detached")
    bar = page.get_by_role("toolbar", name="Tools")
    for title in ("Settings…", "Open…", "Keys…", "Templates…", "Palettes…", "About"):
        bar.get_by_role("button", name="All commands").click()
        page.get_by_role("textbox", name="Search commands").fill(title)
        page.keyboard.press("Enter")
        page.locator("dialog[open]").wait_for()
        found += [f"{title}: {line}" for line in page.evaluate(SMALL, LEAST)]
        page.get_by_role("button", name="Close", exact=True).tap()
        page.locator("dialog").wait_for(state="detached")
    assert found == [], "\n".join(found)
