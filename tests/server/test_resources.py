"""Files, uploads, settings, user data, nodes and models over HTTP."""

import io
import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.live import LiveServer


def png(colour: tuple[int, ...] = (255, 0, 0), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (6, 4), colour).save(out, "PNG")
    return out.getvalue()


def test_object_info_and_its_etag(server: LiveServer) -> None:
    info = server.get("/object_info")
    assert info["ProbeSteps"]["input"]["required"]["count"] == [
        "INT",
        {"default": 10, "min": 1, "max": 100000, "tooltip": "how many steps."},
    ]
    assert info["ProbeShow"]["output_node"] is True
    assert info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0] == [
        "loom-tiny.safetensors"
    ]
    assert server.get("/object_info/Nope") == {}
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/object_info") as answer:
        tag = answer.headers["ETag"]
    assert server.request("GET", "/object_info", headers={"If-None-Match": tag})[0] == 304


def test_an_upload_can_be_viewed_in_every_way(server: LiveServer) -> None:
    status, body = server.upload("red.png", png((255, 0, 0, 128), "RGBA"), subfolder="mine")
    assert (status, json.loads(body)) == (
        200,
        {"name": "red.png", "subfolder": "mine", "type": "input"},
    )
    base = "/view?filename=red.png&type=input&subfolder=mine"
    assert server.request("GET", base)[1] == png((255, 0, 0, 128), "RGBA")
    for extra, format, mode in (
        ("&preview=webp;50", "WEBP", None),
        ("&preview=jpeg", "WEBP", None),
        ("&preview=jpeg&channel=rgb", "JPEG", "RGB"),
        ("&channel=rgb", "PNG", "RGB"),
        ("&channel=a", "PNG", "RGBA"),
    ):
        picture = Image.open(io.BytesIO(server.request("GET", base + extra)[1]))
        assert picture.format == format
        assert mode is None or picture.mode == mode
    assert Image.open(io.BytesIO(server.request("GET", f"{base}&channel=a")[1])).getpixel(
        (0, 0)
    ) == (0, 0, 0, 128)


def test_uploads_keep_what_is_there(server: LiveServer) -> None:
    names = [
        json.loads(server.upload("same.png", png(c))[1])["name"]
        for c in ((1, 1, 1), (2, 2, 2), (1, 1, 1))
    ]
    assert names == ["same.png", "same (1).png", "same.png"]
    assert json.loads(server.upload("same.png", png((3, 3, 3)), overwrite="true")[1])["name"] == (
        "same.png"
    )


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "", "a/b.png"])
def test_uploads_stay_in_their_folder(server: LiveServer, name: str) -> None:
    assert server.upload(name, png())[0] == 400
    assert server.upload("x.png", png(), subfolder="../../x")[0] == 400
    assert server.upload("x.png", png(), type="custom_nodes")[0] == 400


@pytest.mark.parametrize(
    "query",
    [
        "filename=../server.log",
        "filename=/etc/passwd",
        "filename=x.png&subfolder=../..",
        "filename=x.png&type=user",
        "filename=%00",
        "filename=none.png",
        "",
        "filename=..",
        "filename=x.png&subfolder=%2Fetc",
    ],
)
def test_views_stay_in_their_folder(server: LiveServer, query: str) -> None:
    assert 400 <= server.request("GET", f"/view?{query}")[0] < 500


def test_a_link_out_of_the_folder_is_not_followed(server: LiveServer) -> None:
    link = server.base / "output" / "out.txt"
    if not link.is_symlink():
        link.symlink_to(server.base / "server.log")
    assert server.request("GET", "/view?filename=out.txt")[0] == 403


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.xhtml", "a.js", "a.xml", "a.css"])
def test_what_a_browser_would_run_is_only_saved(server: LiveServer, name: str) -> None:
    Path(server.base / "output" / name).write_text("<script>alert(1)</script>")
    import urllib.request

    with urllib.request.urlopen(f"{server.url}/view?filename={name}") as answer:
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_mask_becomes_the_alpha(server: LiveServer) -> None:
    server.upload("photo.png", png())
    reference = json.dumps({"filename": "photo.png", "type": "input"})
    import uuid

    mark = uuid.uuid4().hex
    field = "Content-Disposition: form-data; name="
    body = (
        (
            f'--{mark}\r\n{field}"original_ref"\r\n\r\n{reference}\r\n'
            f'--{mark}\r\n{field}"image"; filename="m.png"\r\n\r\n'
        ).encode()
        + png((0, 0, 0, 7), "RGBA")
        + f"\r\n--{mark}--\r\n".encode()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    status, answer = server.request("POST", "/upload/mask", body, kind)
    assert status == 200, answer
    stored = Image.open(server.base / "input" / "m.png")
    assert stored.getpixel((0, 0)) == (255, 0, 0, 7)
    broken = body.replace(b"photo.png", b"nope.png")
    assert server.request("POST", "/upload/mask", broken, kind)[0] == 404


def test_settings_survive_and_merge(server: LiveServer) -> None:
    server.post("/settings", {"Loom.Theme": "light", "b": 1})
    server.request("POST", "/settings/b", b"[1, 2]")
    assert server.get("/settings")["Loom.Theme"] == "light"
    assert server.get("/settings/b") == [1, 2]
    assert server.get("/settings/none") is None


def test_user_files_are_written_listed_moved_deleted(server: LiveServer) -> None:
    path = "/userdata/workflows%2Fa.json"
    assert json.loads(server.request("POST", path, b"{}")[1]) == "workflows/a.json"
    assert server.request("POST", f"{path}?overwrite=false", b"{}")[0] == 409
    assert server.request("GET", path) == (200, b"{}")
    listed = server.get("/userdata?dir=workflows&recurse=true&full_info=true")
    assert [(item["path"], item["size"]) for item in listed] == [("a.json", 2)]
    assert server.get("/userdata?dir=workflows&split=true") == [["a.json", "a.json"]]
    moved = server.request("POST", f"{path}/move/workflows%2Fb.json", b"")
    assert moved[0] == 200
    assert server.request("GET", path)[0] == 404
    assert server.request("DELETE", "/userdata/workflows%2Fb.json")[0] == 204
    assert server.request("GET", "/userdata?dir=nothing")[0] == 404


@pytest.mark.parametrize("name", ["..%2Floom.db", "%2Fetc%2Fpasswd", "a%2F..%2F..%2F..%2Fx", "%00"])
def test_user_files_stay_in_their_folder(server: LiveServer, name: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert 400 <= server.request(method, f"/userdata/{name}", b"x")[0] < 500


def test_the_tree_of_user_files_has_folders_first(server: LiveServer) -> None:
    server.post("/userdata/tree%2Fb%2Fdeep.json", {})
    server.post("/userdata/tree%2Fa.json", {"a": 1})
    found = server.get("/v2/userdata?path=tree")
    assert [(item["path"], item["type"]) for item in found] == [
        ("tree/b", "directory"),
        ("tree/a.json", "file"),
        ("tree/b/deep.json", "file"),
    ]
    assert (found[1]["name"], found[1]["size"], set(found[0])) == (
        "a.json",
        8,
        {"name", "path", "type"},
    )
    assert {"tree", "tree/a.json"} <= {item["path"] for item in server.get("/v2/userdata")}
    assert server.request("GET", "/v2/userdata?path=nowhere")[0] == 404
    assert server.request("GET", "/v2/userdata?path=..%2F..")[0] == 403


def test_models_and_the_rest_of_the_small_lists(server: LiveServer) -> None:
    assert "checkpoints" in server.get("/models")
    assert server.get("/models/checkpoints") == ["loom-tiny.safetensors"]
    assert server.request("GET", "/models/nope")[0] == 404
    assert server.get("/embeddings") == []
    assert server.get("/users") == {"storage": "server", "migrated": True}
    stats = server.get("/system_stats")
    assert stats["devices"][0]["type"] == "cpu"
    assert stats["system"]["ram_total"] > 0
    server.post("/free", {"unload_models": True, "free_memory": True})


def test_the_cache_says_what_it_holds_and_can_be_emptied(server: LiveServer) -> None:
    node = {"class_type": "ProbeSteps", "inputs": {"count": 3, "ms": 20}}
    show = {"class_type": "ProbeShow", "inputs": {"value": ["1", 0], "note": "cache"}}
    server.wait(server.submit({"1": node, "2": show}))
    held = lambda: server.get("/x/cache")  # noqa: E731
    server.until(lambda: held()["disk"]["entries"] >= 2, "the results are on disk")
    assert held()["memory"]["bytes"] <= held()["memory"]["budget"]
    assert held()["device"]["entries"] == held()["memory"]["pinned"] == 0
    kinds = lambda: {result["kind"] for result in held()["largest"]}  # noqa: E731
    told = lambda: {"ProbeSteps", "ProbeShow"} <= kinds() or len(held()["largest"]) == 10  # noqa: E731
    server.until(told, "the report is of after the run")
    assert server.request("DELETE", "/x/cache?tier=moon")[0] == 400
    assert server.request("DELETE", "/x/cache?tier=disk")[0] == 200
    server.until(lambda: held()["disk"]["entries"] == 0, "the disk is empty")
    assert held()["memory"]["entries"] > 0
    assert server.request("DELETE", "/x/cache")[0] == 200
    server.until(lambda: held()["memory"]["entries"] == 0, "the memory is empty")


def test_the_server_does_not_import_torch(server: LiveServer) -> None:
    assert server.process is not None
    maps = Path(f"/proc/{server.process.pid}/maps")
    if not maps.exists():
        pytest.skip("this system does not show what a process has loaded")
    assert "libtorch" not in maps.read_text()


def test_a_version_that_nobody_has_seen_is_not_replaced(server: LiveServer) -> None:
    path = "/userdata/workflows%2Fetag.json"

    def etag_of(headers: dict[str, str] | None = None) -> tuple[int, str]:
        request = urllib.request.Request(server.url + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, str(answer.headers["ETag"])
        except urllib.error.HTTPError as error:
            return error.code, str(error.headers["ETag"])

    assert server.request("POST", path, b"{}", {"If-Match": '"none"'})[0] == 412
    assert server.request("POST", path, b"{}")[0] == 200
    status, first = etag_of()
    assert etag_of({"If-None-Match": first}) == (304, first)
    assert server.request("POST", path, b"[1]", {"If-Match": first})[0] == 200
    status, body = server.request("POST", path, b"[2]", {"If-Match": first})
    assert status == 412 and b"someone else changed it" in body
    assert server.get(path) == [1]
    assert server.request("POST", path, b"[3]", {"If-Match": f'"x", {etag_of()[1]}'})[0] == 200
    assert server.request("POST", path, b"[4]", {"If-Match": "*"})[0] == 200
    assert server.get(path) == [4]
