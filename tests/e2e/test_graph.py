"""The graph on the canvas, by hand: subgraphs, reroutes, groups, insertion."""

from collections.abc import Iterator

import pytest

from tests.live import LiveServer

from .test_canvas import CHROMIUM, FLAGS, Canvas, playwright


@pytest.fixture(scope="module")
def page(live_server: LiveServer) -> Iterator[Canvas]:
    """One page for all of these; each begins with the default workflow."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        canvas = Canvas(browser.new_page(viewport={"width": 1600, "height": 900}), live_server.url)
        yield canvas
        browser.close()
    assert canvas.faults == []


@pytest.fixture(autouse=True)
def fresh(page: Canvas) -> None:
    page.command("open the default workflow")
    page.wait("workflow().nodes.length === 10")
    page.page.keyboard.press("Shift+1")


def choose(page: Canvas, *keys: str) -> None:
    """Select nodes by their headers."""
    page.page.keyboard.press("Escape")
    page.page.keyboard.down("Shift")
    for key in keys:
        place = page.ask(f"node('{key}')")
        page.page.mouse.click(place["x"] + 60, place["y"] + 10)
    page.page.keyboard.up("Shift")
    assert set(page.ask("selection()")) == set(keys)


def middle(page: Canvas, source: str, output: str, target: str, name: str) -> tuple[float, float]:
    """The middle of a wire."""
    a = page.ask(f"socket('{source}', 'output', '{output}')")
    b = page.ask(f"socket('{target}', 'input', '{name}')")
    return (a["x"] + b["x"]) / 2, (a["y"] + b["y"]) / 2


def test_a_subgraph_is_made_edited_run_and_unpacked(page: Canvas) -> None:
    before = page.ask("workflow()")
    choose(page, "5", "6")
    page.page.keyboard.press("Control+Shift+G")
    (key,) = page.ask("selection()")
    place = page.ask(f"node('{key}')")
    page.page.mouse.dblclick(place["x"] + 60, place["y"] + 10)
    trail = page.page.get_by_role("navigation", name="Levels of subgraphs")
    trail.get_by_role("button", name="New subgraph").wait_for()

    at = page.ask("widget('5', 'steps')")
    page.page.mouse.click(at["x"], at["y"], button="right")
    page.page.get_by_text("Show steps on the subgraph's node").click()
    trail.get_by_role("button").first.click()
    page.fill(key, "steps", "5")
    page.run()
    page.wait("mark('9').images.length > 0")
    assert page.ask(f"mark('{key}').state") == "done"

    choose(page, key)
    page.command("unpack the subgraph")
    sampler = next(node for node in page.nodes() if node["type"] == "KSampler")
    assert sampler["widgets_values"][2] == 5
    for _ in range(8):
        page.page.keyboard.press("Control+z")
    assert page.ask("workflow()")["nodes"] == before["nodes"]


def test_a_wire_gets_a_reroute_and_a_node(page: Canvas) -> None:
    x, y = middle(page, "8", "IMAGE", "9", "images")
    mouse, keys = page.page.mouse, page.page.keyboard
    keys.down("Alt")
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 300, steps=4)
    mouse.up()
    keys.up("Alt")
    (reroute,) = page.ask("workflow()")["extra"]["reroutes"]
    mouse.click(x, y + 300, button="right")
    page.page.get_by_text("Remove reroute").click()
    assert reroute["id"] == 1 and page.ask("workflow()")["extra"]["reroutes"] == []

    added = page.add("Invert Image", 500, 800)
    place = page.ask(f"node('{added}')")
    start = {"x": place["x"] + 60, "y": place["y"] + 10}
    shift = {"x": x - place["w"] / 2 - place["x"], "y": y - 10 - place["y"]}
    page.drag(start, {"x": start["x"] + shift["x"], "y": start["y"] + shift["y"]})
    links = [(str(link[1]), str(link[3])) for link in page.ask("workflow()")["links"]]
    assert ("8", added) in links and (added, "9") in links and ("8", "9") not in links


def test_a_group_moves_what_it_holds_and_a_lock_keeps_it(page: Canvas) -> None:
    choose(page, "5", "6")
    page.page.keyboard.press("Control+g")
    before = page.node("5")["pos"]
    place = page.ask("node('5')")
    title = {"x": place["x"] + 10, "y": place["y"] - 20}
    page.drag(title, {"x": title["x"] + 40, "y": title["y"] - 60})
    moved = page.node("5")["pos"]
    assert moved != before and page.node("2")["pos"] != moved
    page.page.mouse.click(title["x"] + 40, title["y"] - 60, button="right")
    page.page.get_by_text("Lock", exact=True).click()
    at = {"x": title["x"] + 40, "y": title["y"] - 60}
    page.drag(at, {"x": at["x"] + 60, "y": at["y"] + 60})
    assert page.node("5")["pos"] == moved
