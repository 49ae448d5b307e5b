"""No script runs from any file that was uploaded, and no text of a workflow becomes a script."""

import json
from typing import Any

from tests.live import LiveServer

from .test_canvas import Canvas, browser, canvas, png_with

__all__ = ["browser", "canvas"]

SCRIPT = "console.log('ran')"
PAGE = f'<html><body><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"></body></html>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script></svg>'
FILES = {
    "a.svg": SVG,
    "a.html": PAGE,
    "a.htm": PAGE,
    "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{SCRIPT}</script></html>',
    "a.xml": f'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">{SCRIPT}</x:script>',
    "a.js": SCRIPT,
    "a.mjs": SCRIPT,
    "a.css": f"</style><script>{SCRIPT}</script>",
    "a.pdf": f"%PDF-1.4 {PAGE}",
    "a.png": PAGE,
    "a.webp": SVG,
    "a.txt": PAGE,
    "a": PAGE,
    "a.svg.png": SVG,
    "b.png": png_with(Comment=PAGE).decode("latin-1"),
}
#: Ways in which a page could take a file in.
EMBEDDED = """async (url) => {
    const ends = ["script", "iframe", "object", "embed", "img", "link", "video"].map((kind) => {
        const element = document.createElement(kind);
        if (kind === "link") element.rel = "stylesheet";
        element[{ object: "data", link: "href" }[kind] ?? "src"] = url;
        const end = new Promise((done) => (element.onload = element.onerror = done));
        document.body.append(element);
        return kind === "video" ? undefined : end;
    });
    const module = import(url).catch(() => undefined);
    const late = new Promise((done) => setTimeout(done, 100));
    await Promise.race([Promise.all([...ends, module]), late]);
}"""


def test_no_script_runs_from_an_uploaded_file(
    browser: Any,
    live_server: LiveServer,
) -> None:
    said: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{live_server.url}/")
    page.evaluate("console.log('heard')")
    for name, text in FILES.items():
        content = text.encode("latin-1")
        status, _ = live_server.upload(name, content, overwrite="true")
        live_server.request("POST", f"/userdata/{name}?overwrite=true", content)
        urls = [f"/userdata/{name}"]
        urls += [f"/view?filename={name}&type=input"]
        for url in urls if status == 200 else urls[:1]:
            page.evaluate(EMBEDDED, url)
            try:
                page.goto(f"{live_server.url}{url}")
            except Exception as problem:  # what is only saved is no page
                assert "Download is starting" in str(problem) or "ERR_ABORTED" in str(problem)
            page.goto(f"{live_server.url}/login")
    context.close()
    assert "heard" in said and not [text for text in said if text == "ran"]


def test_texts_of_a_workflow_are_only_texts(canvas: Canvas) -> None:
    said: list[str] = []
    canvas.page.on("console", lambda message: said.append(message.text))
    evil = f'"><img src=x onerror="{SCRIPT}"><script>{SCRIPT}</script>'
    link = f"[x](javascript:{SCRIPT}) {evil}"
    workflow = {
        "version": 0.4,
        "last_node_id": 3,
        "last_link_id": 0,
        "links": [],
        "nodes": [
            _node(1, "Note", evil, [link]),
            _node(2, "MarkdownNote", evil, [link]),
            _node(3, evil, evil, [evil]),
        ],
        "groups": [{"title": evil, "bounding": [0, 0, 900, 500], "color": evil}],
        "extra": {},
    }
    canvas.drop(f"{'x'}.json", "application/json", json.dumps(workflow).encode())
    canvas.wait("workflow().nodes.length == 3")
    canvas.page.keyboard.press("Escape")
    canvas.command("select all")
    canvas.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert canvas.page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert canvas.page.evaluate("document.querySelectorAll('a[href^=javascript]').length") == 0
    assert "ran" not in said


def _node(id: int, kind: str, title: str, values: list[str]) -> dict[str, Any]:
    place = {"pos": [id * 250, 100], "size": [200, 120], "flags": {}, "order": id, "mode": 0}
    ends = {"inputs": [], "outputs": [], "properties": {}, "widgets_values": values}
    return {"id": id, "type": kind, "title": title, **place, **ends}
