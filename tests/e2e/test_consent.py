"""Before a pack that asks for something runs for the first time, the canvas asks the user."""

import shutil
from pathlib import Path
from typing import Any

from tests.live import ROOT, LiveServer, make_base

from .test_canvas import Canvas, browser

__all__ = ["browser"]

PROMPT = b'{"1": {"class_type": "CellPlace", "inputs": {"note": "here"}}}'


def test_a_pack_is_allowed_once_always_or_not(browser: Any, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base")
    shutil.copytree(ROOT / "tests" / "packs" / "isolated", base / "custom_nodes" / "isolated")
    server = LiveServer(base)
    context = browser.new_context(viewport={"width": 1600, "height": 900})
    try:
        server.start()
        server.until(lambda: "CellPlace" in server.get("/object_info"), "the pack is loaded")
        canvas = Canvas(context.new_page(), server.url)
        canvas.drop("prompt.json", "application/json", PROMPT)
        canvas.wait("workflow().nodes.length == 1")
        dialog = canvas.page.get_by_role("dialog", name="Before these nodes run")

        canvas.run()
        dialog.get_by_text("Change files in: output").wait_for()
        assert "held to this by Python's audit hooks" in dialog.inner_text()
        canvas.page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        assert server.get("/history") == {}

        for choice, jobs in (("Allow once", 1), ("Allow always", 2)):
            canvas.run()
            dialog.get_by_role("button", name=choice).click()
            server.until(lambda jobs=jobs: len(server.get("/history")) == jobs, "the job is done")
        canvas.run()
        server.until(lambda: len(server.get("/history")) == 3, "it is not asked again")
        assert list(server.get("/settings/Loom.Packs.Allowed")) == ["isolated"]
        assert canvas.faults == []
    finally:
        context.close()
        server.stop()
