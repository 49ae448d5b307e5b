"""A sweep by hand: axes from a menu, a grid that fills, and one cell's values taken over."""

from tests.live import LiveServer

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas", "playwright"]


def test_two_axes_become_a_grid(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    _axis(canvas, "5", "steps")
    page.get_by_label("Values, with commas between").fill("1, 2")
    page.get_by_role("button", name="Use as axis").click()
    _axis(canvas, "5", "sampler_name")
    page.get_by_role("checkbox", name="heun", exact=True).check()
    page.get_by_role("button", name="Use as axis").click()
    strip = page.get_by_role("region", name="Sweep")
    strip.get_by_text("4 runs, 21 different nodes of 36").wait_for()
    strip.get_by_role("button", name="Run sweep").click()
    grid = page.get_by_role("dialog", name="Results of the sweep")
    grid.get_by_text("4 of 4 done").wait_for()
    canvas.reload()
    canvas.command("results of the last sweep")
    grid.get_by_role("button", name="2, heun: done").click()
    with page.expect_download() as saved:
        grid.get_by_role("button", name="Save as one picture").click()
    assert saved.value.suggested_filename == "Default sweep.png"
    grid.get_by_role("button", name="Use these values").click()
    page.keyboard.press("Escape")
    assert canvas.node("5")["widgets_values"][2:5] == [2, 3.5, "heun"]
    page.keyboard.press("Control+z")
    assert canvas.node("5")["widgets_values"][2:5] == [20, 3.5, "euler"]
    assert canvas.faults == []


def _axis(canvas: Canvas, node: str, name: str) -> None:
    at = canvas.ask(f"widget('{node}', '{name}')")
    canvas.page.mouse.click(at["x"], at["y"], button="right")
    canvas.page.get_by_role("menuitem", name=f"Sweep {name}…").click()
