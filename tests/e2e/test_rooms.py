"""The rooms around the canvas: library, models, help; and what a screen reader makes of them."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from engine.server.passwords import hashed
from engine.store import accounts
from engine.store.database import connect
from tests.live import LiveServer, make_base

from .test_canvas import Canvas, browser, canvas, playwright

__all__ = ["browser", "canvas", "playwright"]

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


def types(canvas: Canvas) -> list[str]:
    return [node["type"] for node in canvas.nodes()]


def drag_out(canvas: Canvas, source: Locator, x: float, y: float) -> None:
    stage = canvas.page.locator(".canvas")
    box = stage.bounding_box() or {"x": 0, "y": 0}
    source.drag_to(stage, target_position={"x": x - box["x"], "y": y - box["y"]})


def test_the_library_gives_nodes_models_and_help(canvas: Canvas) -> None:
    page = canvas.page
    page.locator(".canvas").press("n")
    panel = page.get_by_role("complementary", name="Library")
    panel.get_by_role("searchbox", name="Search nodes").fill("empty latent")
    line = panel.get_by_role("button", name="Empty Latent Image", exact=True)
    before = types(canvas).count("EmptyLatentImage")
    line.click()
    assert types(canvas).count("EmptyLatentImage") == before + 1
    drag_out(canvas, line, 300, 700)
    assert types(canvas).count("EmptyLatentImage") == before + 2
    with page.expect_response(lambda answer: answer.url.endswith("/settings")):
        panel.get_by_role("button", name="Bookmark Empty Latent Image").click()
    panel.get_by_role("searchbox").fill("")
    panel.get_by_text("Bookmarks").wait_for()
    _a_model_becomes_its_loader(canvas, panel)
    panel.get_by_role("button", name="Nodes").click()
    panel.get_by_role("button", name="Help for Empty Latent Image").first.click()
    page.get_by_role("article", name="Help for Empty Latent Image").get_by_text("width").wait_for()


def _a_model_becomes_its_loader(canvas: Canvas, panel: Locator) -> None:
    panel.get_by_role("button", name="Models").click()
    model = panel.get_by_role("button", name="loom-tiny.safetensors").first
    before = types(canvas).count("CheckpointLoaderSimple")
    model.click()
    assert types(canvas).count("CheckpointLoaderSimple") == before + 1
    last = max(
        (n for n in canvas.nodes() if n["type"] == "CheckpointLoaderSimple"),
        key=lambda node: int(node["id"]),
    )
    assert last["widgets_values"] == ["loom-tiny.safetensors"]


def findings(page: Page) -> list[str]:
    """Serious and critical findings of axe-core in the page as it is now."""
    # Colours on their way from one theme to the other are nobody's to read.
    page.evaluate("Promise.allSettled(document.getAnimations().map((one) => one.finished))")
    result: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


DIALOGS = ["Settings…", "Open…", "Save as…", "Versions…", "What is missing…", "Keys…", "Templates…"]
DIALOGS += ["Guide…", "About Latent Loom…", "Palettes…"]


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (cd web && npm ci)")
def test_axe_finds_nothing_serious_in_any_room(canvas: Canvas) -> None:
    page = canvas.page
    page.evaluate(AXE.read_text("utf-8"))
    found = []
    for theme in ("dark", "light"):
        if canvas.page.evaluate("document.documentElement.dataset.theme") != theme:
            canvas.command("light or dark")
            page.locator(f"html[data-theme={theme}]").wait_for()
        for key in "nqrpho":
            page.locator(".canvas").press(key)
            page.locator("aside.panel .panel-body > *").first.wait_for()
            found += [f"{theme} {key} {line}" for line in findings(page)]
        page.get_by_role("button", name="Close panel").click()
        canvas.command("log of the server")
        page.get_by_role("log").wait_for()
        found += [f"{theme} log {line}" for line in findings(page)]
        page.get_by_role("button", name="Close panel").click()
        page.locator(".canvas").press("Alt+f")
        page.get_by_role("main", name="Form").wait_for()
        found += [f"{theme} form {line}" for line in findings(page)]
        page.get_by_role("button", name="Back to the graph").click()
        page.locator(".canvas").press("ArrowRight")
        page.locator(".canvas").press("Shift+F10")
        page.get_by_role("menu").wait_for()
        found += [f"{theme} bar and menu {line}" for line in findings(page)]
        page.keyboard.press("Escape")
        for title in DIALOGS:
            canvas.command(title)
            page.locator("dialog[open]").wait_for()
            found += [f"{theme} {title} {line}" for line in findings(page)]
            page.keyboard.press("Escape")
            page.locator("dialog").wait_for(state="detached")
    assert found == [], "\n".join(found)


def test_the_outline_wires_nodes_by_keyboard(canvas: Canvas) -> None:
    page = canvas.page
    page.locator(".canvas").press("o")
    tree = page.get_by_role("tree", name="Nodes of the workflow")
    tree.focus()
    tree.press("Home")
    while canvas.ask("selection()") != ["5"]:
        tree.press("ArrowDown")
    decoder = next(node for node in canvas.nodes() if node["type"] == "VAEDecode")
    before = len(canvas.ask("workflow()")["links"])
    tree.press("w")
    page.get_by_role("menuitem", name="From LATENT").press("Enter")
    page.get_by_role("menuitem", name=f"#{decoder['id']}").press("Enter")
    page.get_by_text("Wired.").wait_for()
    assert len(canvas.ask("workflow()")["links"]) == before
    assert page.evaluate("document.activeElement.getAttribute('role')") == "tree"
    page.keyboard.press("Control+z")
    canvas.wait("selection().length === 1")
    tree.press("Delete")
    canvas.wait("workflow().nodes.every((node) => node.id !== 5)")


def test_the_palette_finds_nodes_and_settings(canvas: Canvas) -> None:
    before = types(canvas).count("ImageScaleBy")
    canvas.command("upscale image by")
    assert types(canvas).count("ImageScaleBy") == before + 1
    canvas.command("size of the grid")
    canvas.page.get_by_role("dialog", name="Settings").wait_for()


def test_keys_are_changed_and_shown(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    canvas.command("Keys…")
    dialog = page.get_by_role("dialog", name="Keys")
    dialog.get_by_role("searchbox").fill("bypass")
    dialog.get_by_role("button", name="Change Ctrl B").click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Change Ctrl B").click()
    page.keyboard.press("Control+m")
    dialog.get_by_text("Ctrl M already starts: Mute.").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith("/settings")):
        dialog.get_by_role("button", name="Swap").click()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    canvas.reload()
    page.locator(".canvas").press("Control+a")
    page.keyboard.press("Control+m")
    assert {node["mode"] for node in canvas.nodes()} == {4}
    page.keyboard.press("Control+k")
    page.keyboard.type("mute")
    page.get_by_role("option", name="Mute").get_by_text("Ctrl B").wait_for()
    page.keyboard.press("Escape")
    live_server.post("/settings", {"loom.keys": None})


def test_templates_of_a_pack_open_in_a_tab(canvas: Canvas, live_server: LiveServer) -> None:
    page = canvas.page
    folder = live_server.base / "custom_nodes" / "shown" / "example_workflows"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "workflows" / "lora.json", folder / "two_styles.json")
    shutil.copy(ROOT / "workflows" / "lora.webp", folder / "two_styles.webp")
    page.locator(".canvas").press("Alt+n")
    page.get_by_role("button", name="Begin with a template").click()
    dialog = page.get_by_role("dialog", name="Templates")
    dialog.get_by_role("button", name="shown", exact=True).click()
    card = dialog.get_by_role("button", name="Two styles")
    picture = card.locator("img")
    picture.evaluate("(img) => img.decode()")
    assert picture.evaluate("(img) => img.naturalWidth") == 320
    card.click()
    page.get_by_role("tab", name="Two styles").wait_for()
    assert "LoraLoaderModelOnly" in types(canvas)
    assert page.get_by_role("button", name="Begin with a template").count() == 0


def test_the_log_is_followed(canvas: Canvas, live_server: LiveServer) -> None:
    canvas.command("log of the server")
    log = canvas.page.get_by_role("log", name="Log")
    log.get_by_text("is ready.").wait_for()
    known = log.locator(".log-line").count()
    live_server.post("/free", {"unload_models": True, "free_memory": True})
    canvas.page.keyboard.press("Control+Enter")
    log.locator(".log-line").nth(known).wait_for()
    canvas.page.get_by_label("Level").select_option("error")
    log.get_by_text("No lines.").wait_for()
    canvas.command("stop the running job")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (cd web && npm ci)")
def test_accounts_have_tokens_and_people(browser: Any, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    (base / "user").mkdir()
    with contextlib.closing(connect(base / "user" / "loom.db")) as db:
        accounts.add(db, "Ann", hashed("correct horse"), "admin")
    server = LiveServer(base)
    server.launch()
    server.until(lambda: "Latent Loom is on" in server.log(), "the server listens")
    with contextlib.closing(browser.new_page()) as page:
        page.goto(f"{server.url}/")
        page.get_by_label("Name").fill("Ann")
        page.get_by_label("Password").fill("correct horse")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Signed in as Ann").click()
        dialog = page.get_by_role("dialog", name="Account")
        dialog.get_by_label("What the token is for").fill("night script")
        dialog.get_by_role("button", name="Make a token").click()
        token = dialog.get_by_label("The new token").input_value()
        headers = {"Authorization": f"Bearer {token}"}
        assert server.request("GET", "/x/me", None, headers)[0] == 200
        dialog.get_by_role("button", name="Revoke night script").click()
        people = dialog.get_by_role("region", name="People")
        people.get_by_label("Name").fill("ben")
        people.get_by_label("Password").fill("battery staple")
        people.get_by_role("button", name="Add").click()
        people.get_by_text("ben").wait_for()
        page.evaluate(AXE.read_text("utf-8"))
        assert findings(page) == []
        people.get_by_role("button", name="Remove ben").click()
        people.get_by_role("button", name="Remove ben").click()
        people.get_by_text("ben").wait_for(state="detached")
        dialog.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/login?*")
    server.stop()


def test_the_bar_and_the_menu_act_on_what_is_chosen(canvas: Canvas) -> None:
    page = canvas.page
    _press(canvas, canvas.ask("node('5')"))
    bar = page.get_by_role("toolbar", name="Selection")
    bar.get_by_role("button", name="Bypass").click()
    assert canvas.node("5")["mode"] == 4
    bar.get_by_role("button", name="Colour…").click()
    page.get_by_role("menuitem", name="red").click()
    assert canvas.node("5")["color"] == "#322"
    place = bar.bounding_box() or {"x": 0.0}
    still = canvas.ask("frames()")
    page.locator(".canvas").press("Alt+-")
    canvas.wait(f"frames().world > {still['world']}")
    assert (bar.bounding_box() or {"x": 0.0})["x"] != place["x"]
    page.locator(".canvas").press("Escape")
    bar.wait_for(state="hidden")
    _press(canvas, canvas.ask("socket('5', 'output', 'LATENT')"), "right", 0)
    page.get_by_role("menuitem", name="Unplug").click()
    assert not canvas.node("5")["outputs"][0]["links"]
    _press(canvas, canvas.ask("socket('5', 'output', 'LATENT')"), "right", 0)
    page.get_by_role("menuitem", name="Wire to a new node…").click()
    page.keyboard.type("latent upscale by")
    page.keyboard.press("Enter")
    assert len(canvas.node("5")["outputs"][0]["links"]) == 1
    page.locator(".canvas").press("Shift+F10")
    page.get_by_role("menuitem", name="Replace with…").click()
    page.keyboard.type("vae decode")
    page.keyboard.press("Enter")
    assert types(canvas).count("VAEDecode") == 2
    assert len(canvas.node("5")["outputs"][0]["links"]) == 1


def _press(canvas: Canvas, at: dict[str, float], button: str = "left", inside: int = 9) -> None:
    canvas.page.mouse.click(at["x"] + inside, at["y"] + inside, button=button)


def test_the_canvas_is_told_and_walked_by_keys(canvas: Canvas) -> None:
    page = canvas.page
    stage = page.locator(".canvas")
    stage.press("ArrowRight")
    canvas.wait("selection().length === 1")
    canvas.until("document.querySelector('.canvas').hasAttribute('aria-activedescendant')")
    while canvas.ask("selection()") != ["1"]:
        stage.press(
            "Control+ArrowLeft" if canvas.ask("selection()") != ["10"] else "Control+ArrowUp"
        )
    stage.press("Control+ArrowRight")
    assert canvas.ask("selection()") == ["2"]
    page.get_by_label("Prompt, CLIP Text Encode (Prompt). Inputs: clip from").wait_for()
    stage.press("Enter")
    page.get_by_role("menuitem", name="text").press("Enter")
    page.get_by_role("textbox", name="text").fill("a green pear")
    page.keyboard.press("Escape")
    assert canvas.node("2")["widgets_values"] == ["a green pear"]
    assert page.evaluate("document.activeElement.className") == "canvas"
    assert "a green pear" in _told(canvas)
    stage.press("Control+Enter")
    page.get_by_role("status").get_by_text("is finished. Pictures shown: 1.").wait_for()


def _told(canvas: Canvas) -> str:
    """What a screen reader gets of the canvas, once it holds the new value."""
    said = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))"
    canvas.until(f"{said}.getAttribute('aria-label').includes('pear')")
    return str(canvas.page.evaluate(f"{said}.getAttribute('aria-label')"))


def test_a_palette_is_imported_worn_and_warned_about(
    canvas: Canvas, live_server: LiveServer
) -> None:
    page = canvas.page
    canvas.command("Palettes…")
    dialog = page.get_by_role("dialog", name="Palettes")
    faint = {"format": "loom-palette", "name": "Fog", "colors": {"text": "#666", "node": "#555"}}
    with page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="Import…").click()
    buffer = json.dumps(faint).encode()
    file = {"name": "fog.json", "mimeType": "application/json", "buffer": buffer}
    chooser.value.set_files([file])
    line = dialog.get_by_role("region", name="Fog")
    line.get_by_text("Hard to read: text on node").wait_for()
    canvas.until("document.documentElement.style.getPropertyValue('--node') === '#555'")
    canvas.reload()
    canvas.until("document.documentElement.style.getPropertyValue('--node') === '#555'")
    live_server.post("/settings", {"loom.palettes": None, "loom.theme": None})


def test_the_first_view_fits_though_words_come_first(browser: Any, live_server: LiveServer) -> None:
    context = browser.new_context(locale="de-DE", viewport={"width": 1280, "height": 800})
    canvas = Canvas(context.new_page(), live_server.url)
    last = canvas.ask("node('9')")
    assert last["x"] + last["w"] < 1280
    canvas.page.get_by_role("button", name="Ausführen").wait_for()
    context.close()
