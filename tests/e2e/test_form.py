"""A workflow used by its form, without the graph."""

import json

from tests.live import LiveServer

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas", "playwright"]

SHARED = {
    "nodes": [
        {
            "id": 1,
            "type": "Kinds",
            "pos": [0, 0],
            "size": [340, 260],
            "widgets_values": [0.25, 90, 0.5, "#00ff00", [], True, ""],
        }
    ],
    "links": [],
    "version": 0.4,
    "last_node_id": 1,
    "extra": {
        "linearMode": True,
        "linearData": {"inputs": [["1", "strength"], ["1", "soft"]], "outputs": ["1"]},
    },
}


def test_a_shared_workflow_opens_as_its_form_and_runs(
    canvas: Canvas, live_server: LiveServer
) -> None:
    page = canvas.page
    canvas.drop("app.json", "application/json", json.dumps(SHARED).encode())
    form = page.get_by_role("main", name="Form")
    form.get_by_role("textbox", name="strength").fill("0.75")
    form.get_by_role("textbox", name="strength").press("Tab")
    form.get_by_role("switch", name="soft").click()
    form.get_by_role("button", name="Run").click()
    form.get_by_text('"strength": 0.75').wait_for()
    assert canvas.node("1")["widgets_values"][5] is False
    form.get_by_role("button", name="Back to the graph").click()
    canvas.wait("mark('1').state === 'done'")
    at = canvas.ask("widget('1', 'angle')")
    page.mouse.click(at["x"], at["y"], button="right")
    page.get_by_role("menuitem", name="Show in the form").click()
    page.keyboard.press("Alt+f")
    form.get_by_role("textbox", name="angle").wait_for()
    canvas.wait("workflow().extra.linearData.inputs.length === 3")
    form.get_by_role("button", name="Arrange the form").click()
    form.get_by_role("button", name="Take soft out of the form").click()
    canvas.wait("workflow().extra.linearData.inputs.length === 2")
