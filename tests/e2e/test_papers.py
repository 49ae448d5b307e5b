"""Documents in the real page: tabs, the journal, and files that others change."""

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.live import LiveServer, serving

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas"]


def tab(canvas: Canvas, name: str) -> Any:
    return canvas.page.get_by_role("tab", name=re.compile(f"^{name}"))


def save_as(canvas: Canvas, name: str) -> None:
    canvas.page.keyboard.press("Control+Shift+s")
    canvas.page.keyboard.press("Control+a")
    canvas.page.keyboard.type(name)
    canvas.page.keyboard.press("Enter")
    canvas.page.get_by_text(f"Saved as {name}.json").wait_for()


def steps(canvas: Canvas) -> int:
    return int(canvas.node("5")["widgets_values"][2])


def test_a_run_lands_in_the_tab_that_asked_and_tabs_survive_a_reload(canvas: Canvas) -> None:
    keys = canvas.page.keyboard
    canvas.fill("5", "steps", "30")
    canvas.run()
    canvas.wait("mark('5').live")
    keys.press("Alt+n")
    canvas.wait("workflow().nodes.length === 0")
    canvas.command("open the default workflow")
    canvas.wait("workflow().nodes.length > 0")
    assert tab(canvas, "Default").count() == 2
    canvas.fill("5", "steps", "7")
    tab(canvas, "Default").first.click()
    canvas.wait("mark('9').images.length > 0")
    assert steps(canvas) == 30
    tab(canvas, "Default").last.click()
    assert steps(canvas) == 7
    assert canvas.ask("mark('9').images") == []
    canvas.reload()
    assert steps(canvas) == 7
    keys.press("Control+z")
    assert steps(canvas) == 20
    tab(canvas, "Default").first.click()
    canvas.wait("mark('9').images.length > 0")
    assert steps(canvas) == 30
    tab(canvas, "Default").first.click(button="middle")
    assert tab(canvas, "Default").count() == 1
    keys.press("Alt+Shift+w")
    canvas.wait("mark('9').images.length > 0")


def test_a_crash_of_the_page_loses_nothing(canvas: Canvas, live_server: LiveServer) -> None:
    canvas.fill("2", "text", "typed just before the crash")
    context = canvas.page.context
    with canvas.page.expect_event("crash"), suppress(playwright.Error):
        canvas.page.goto("chrome://crash", timeout=5000)
    after = Canvas(context.new_page(), live_server.url)
    assert after.node("2")["widgets_values"] == ["typed just before the crash"]
    after.page.keyboard.press("Control+z")
    assert after.node("2")["widgets_values"] != ["typed just before the crash"]
    assert after.faults == []


def test_two_tabs_on_one_file_follow_each_other_or_ask(
    canvas: Canvas, live_server: LiveServer
) -> None:
    save_as(canvas, "shared")
    other = Canvas(canvas.page.context.new_page(), live_server.url)
    other.page.keyboard.press("Control+o")
    other.page.get_by_role("button", name="shared").click()
    tab(other, "shared").wait_for()
    other.fill("5", "steps", "11")
    other.page.keyboard.press("Control+s")
    # Unchanged here: the new version is shown.
    canvas.wait("workflow().nodes.find((n) => n.id === 5).widgets_values[2] === 11")
    # Changed on both sides: nobody is overwritten.
    canvas.fill("5", "steps", "12")
    other.fill("5", "steps", "13")
    other.page.keyboard.press("Control+s")
    canvas.page.bring_to_front()
    canvas.page.get_by_role("alert", name="Conflict").wait_for()
    assert steps(canvas) == 12
    canvas.page.get_by_role("button", name="Merge").click()
    differences = canvas.page.get_by_role("list", name="Differences")
    differences.get_by_text("Both versions changed this").wait_for()
    assert steps(canvas) == 12
    differences.get_by_role("button", name="Take: KSampler").click()
    canvas.page.get_by_text("Nothing differs.").wait_for()
    assert steps(canvas) == 13
    canvas.page.get_by_role("button", name="Stop comparing").click()
    canvas.page.keyboard.press("Control+z")
    assert steps(canvas) == 12
    # The file follows by itself, and the other tab follows the file.
    other.wait("workflow().nodes.find((n) => n.id === 5).widgets_values[2] === 12")
    canvas.fill("5", "steps", "14")
    other.fill("5", "steps", "13")
    other.page.keyboard.press("Control+s")
    canvas.page.bring_to_front()
    canvas.page.get_by_role("alert", name="Conflict").wait_for()
    canvas.page.get_by_role("button", name="Keep mine").click()
    canvas.page.get_by_text("Yours is saved").wait_for()
    stored = live_server.get("/userdata/workflows%2Fshared.json")
    assert next(n for n in stored["nodes"] if n["id"] == 5)["widgets_values"][2] == 14
    other.wait("workflow().nodes.find((n) => n.id === 5).widgets_values[2] === 14")
    canvas.page.keyboard.press("Alt+v")
    canvas.page.get_by_role("button", name="Restore Theirs, before mine").first.click()
    canvas.wait("workflow().nodes.find((n) => n.id === 5).widgets_values[2] === 13")
    assert other.faults == []


def test_the_queue_is_paused_reordered_and_cancelled(
    canvas: Canvas, live_server: LiveServer
) -> None:
    page, panel = canvas.page, canvas.page.get_by_role("complementary", name="Queue")
    canvas.command("queue")
    panel.get_by_role("button", name="Pause").click()
    panel.get_by_text("Paused").wait_for()
    panel.get_by_label("Runs").fill("3")
    page.get_by_role("button", name="Run", exact=True).click()
    rows = panel.get_by_role("listitem")
    rows.nth(2).wait_for()
    pending = live_server.get("/jobs?status=pending&sort_order=asc")["jobs"]
    ids = [job["id"] for job in sorted(pending, key=lambda job: job["priority"])]
    assert rows.all_inner_texts()[0].split()[:2] == ["1", "Default"]

    def order() -> list[str]:
        return [item[1] for item in live_server.get("/queue")["queue_pending"]]

    rows.nth(2).press("Alt+ArrowUp")
    live_server.until(lambda: order() == [ids[0], ids[2], ids[1]], "the last one moved up")
    rows.nth(0).press("Delete")
    live_server.until(lambda: order() == [ids[2], ids[1]], "the first one is cancelled")
    panel.get_by_role("button", name="Cancel all 2").click()
    panel.get_by_text("Nothing waits").wait_for()
    panel.get_by_role("button", name="Resume").click()
    panel.get_by_role("button", name="Pause").wait_for()


def test_results_are_found_compared_and_used_again(canvas: Canvas) -> None:
    page = canvas.page
    canvas.fill("2", "text", "gallery one")
    canvas.fill("5", "steps", "2")
    canvas.run()
    canvas.wait("mark('9').images.length > 0")
    canvas.fill("2", "text", "gallery two")
    canvas.run()
    canvas.until("window.__loom.mark('5').state === 'running'")
    canvas.wait("mark('9').state === 'done'")
    canvas.command("results")
    panel = page.get_by_role("complementary", name="Results")
    panel.get_by_label("Search results").fill("gallery")
    cells = panel.get_by_role("listitem")
    cells.nth(1).wait_for()
    canvas.until("document.querySelectorAll('.cell').length === 2")
    cells.nth(1).get_by_role("button").click()
    page.get_by_role("dialog", name="Picture").wait_for()
    page.keyboard.press("i")
    page.get_by_text("gallery one", exact=True).wait_for()
    page.get_by_role("button", name="Take only its values").click()
    assert canvas.node("2")["widgets_values"] == ["gallery one"]
    for cell in cells.all():
        cell.get_by_role("checkbox").check()
    panel.get_by_role("button", name="Compare").click()
    slider = page.get_by_role("slider", name="Where the pictures meet")
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuenow") == "52"
    page.get_by_role("button", name="Side by side").click()
    page.get_by_role("figure").nth(1).wait_for()
    page.keyboard.press("Escape")
    count = len(canvas.nodes())
    cells.nth(0).get_by_role("button").drag_to(
        page.locator(".canvas"), target_position={"x": 600, "y": 760}
    )
    canvas.wait(f"workflow().nodes.length === {count + 1}")
    added = canvas.nodes()[-1]
    assert added["type"] == "LoadImage"
    assert added["widgets_values"][0].endswith(".png [output]")


def test_a_painted_mask_is_saved_and_loaded(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 40, 40)).save(buffer, "PNG")
    canvas.drop("red.png", "image/png", buffer.getvalue(), y=780)
    canvas.wait("workflow().nodes.length === 11")
    node = str(canvas.nodes()[-1]["id"])
    canvas.until("window.__loom.workflow().nodes.at(-1).widgets_values[0] === 'red.png'")
    box = canvas.ask(f"node('{node}')")
    page.mouse.click(box["x"] + 60, box["y"] + 10, button="right")
    page.get_by_role("menuitem", name="Edit mask").click()
    editor = page.get_by_role("dialog", name="Mask editor")
    sheet = editor.locator(".easel-sheet").bounding_box()
    assert sheet is not None
    middle = {"x": sheet["x"] + sheet["width"] / 2, "y": sheet["y"] + sheet["height"] / 2}
    page.keyboard.press("[")
    canvas.drag({"x": middle["x"] - 40, "y": middle["y"]}, middle)
    page.keyboard.press("f")
    page.keyboard.press("Control+z")
    page.keyboard.press("i")
    page.keyboard.press("i")
    page.get_by_role("button", name="Save mask").click()
    editor.wait_for(state="detached")
    value = canvas.node(node)["widgets_values"][0]
    assert value.startswith("clipspace/red-mask-") and value.endswith(".png")
    stored = Image.open(live_server.base / "input" / value)
    assert (stored.mode, stored.size) == ("RGBA", (64, 48))
    assert stored.getpixel((32, 24)) == (200, 40, 40, 0)
    assert stored.getpixel((1, 1)) == (200, 40, 40, 255)
    preview = canvas.add("preview image", 1200, 780)
    canvas.wire(node, "IMAGE", preview, "images")
    canvas.run()
    done, failed = (f"window.__loom.mark('{key}')" for key in (preview, node))
    canvas.until(f"{done}.images.length + {failed}.errors.length > 0")
    assert canvas.ask(f"mark('{node}').errors") == []


def test_a_workflow_is_found_in_a_picture_and_a_file_without_one_says_so(canvas: Canvas) -> None:
    exif = Image.Exif()
    exif[0x010F] = 'workflow:{"nodes": [], "links": [], "found": "in webp"}'
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "WEBP", exif=exif)
    canvas.drop("anim.webp", "image/webp", buffer.getvalue())
    canvas.wait("workflow().found === 'in webp'")
    tab(canvas, "anim").wait_for()
    canvas.drop("bare.flac", "audio/flac", b"fLaC\x80\0\0\x22" + bytes(34))
    canvas.page.get_by_text("This FLAC file carries no workflow").wait_for()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[LiveServer]:
    with serving(tmp_path / "base") as server:
        yield server


def test_edits_while_the_server_is_away_are_saved_when_it_is_back(
    browser: Any, own_server: LiveServer
) -> None:
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    canvas = Canvas(context.new_page(), own_server.url)
    save_as(canvas, "steady")
    own_server.stop()
    canvas.page.get_by_text("Reconnecting").wait_for()
    canvas.fill("5", "steps", "9")
    own_server.start()

    def stored() -> bool:
        file = own_server.get("/userdata/workflows%2Fsteady.json")
        return bool(next(n for n in file["nodes"] if n["id"] == 5)["widgets_values"][2] == 9)

    own_server.until(stored, "the file follows")
    assert steps(canvas) == 9
    context.close()
    assert canvas.faults == []
