"""What a run would do, on the nodes before it is started; and what it took."""

from tests.live import LiveServer

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas", "playwright"]


def test_marks_tell_what_would_run_and_why(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/x/plan") else None)
    canvas.fill("2", "text", "a chair before the run")
    canvas.wait("prospect('2')?.fate === 'run'")
    canvas.run()
    canvas.wait("mark('9').state === 'done'")
    canvas.wait("prospect('2')?.fate === 'cached'")
    assert canvas.ask("prospect('5').reasons") == ["seed changed"]
    page.locator(".run .estimate").wait_for()
    before = len(asked)
    box = canvas.ask("node('4')")
    at = {"x": box["x"] + box["w"] / 2, "y": box["y"] + 8}
    canvas.drag(at, {"x": at["x"], "y": at["y"] + 90})
    canvas.fill("2", "text", "another chair")
    canvas.wait("prospect('2').reasons[0] === 'text changed'")
    assert len(asked) == before + 1, "moving a node asked the server"
    page.keyboard.press("t")
    page.get_by_role("button", name="Memory").click()
    page.get_by_role("button", name="Close the heat map").click()
    assert page.locator(".heat-legend").count() == 0
    assert canvas.faults == []
