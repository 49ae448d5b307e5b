"""Names of saved files: numbers, variables, roots, races."""

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest

from engine.errors import PathOutsideRoot
from engine.media.naming import save_name, save_numbered

NOW = datetime(2026, 3, 4, 5, 6, 7)


def save(root: Path, prefix: str, batch_num: int = 0) -> str:
    name = save_name(root, prefix, 512, 256, NOW)
    path = save_numbered(name, lambda p: p.write_text("x"), batch_num)
    return path.relative_to(root).as_posix()


def test_numbers_go_on(tmp_path: Path) -> None:
    """Gaps are not filled, other stems do not count."""
    for name in ("cat_00001_.png", "cat_00007_.png", "catalogue_00050_.png", "cat_x_.png"):
        (tmp_path / name).touch()
    assert save(tmp_path, "cat") == "cat_00008_.png"
    assert save(tmp_path, "cat") == "cat_00009_.png"


def test_variables_and_folders(tmp_path: Path) -> None:
    """Time with two digits, size in pixels."""
    prefix = "%year%-%month%-%day%/%hour%%minute%%second% %width%x%height%"
    assert save(tmp_path, prefix) == "2026-03-04/050607 512x256_00001_.png"
    assert save(tmp_path, "a%batch_num%", batch_num=3) == "a3_00001_.png"
    assert save(tmp_path, "sub\\deep\\x") == "sub/deep/x_00001_.png"


@pytest.mark.parametrize("prefix", ["../x", "a/../../x", "/etc/x", "a\0b", ".."])
def test_nothing_leaves_the_root(tmp_path: Path, prefix: str) -> None:
    """Climbing, absolute and broken names are refused."""
    root = tmp_path / "output"
    root.mkdir()
    with pytest.raises(PathOutsideRoot):
        save(root, prefix)
    assert [p.name for p in tmp_path.iterdir()] == ["output"]


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    """Even if the name looks harmless."""
    root, outside = tmp_path / "output", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(PathOutsideRoot):
        save(root, "link/x")


def test_a_run_that_is_made_up_for_takes_what_is_there(tmp_path: Path) -> None:
    """Equal files of an earlier attempt are taken once each; what is missing is written."""
    name = save_name(tmp_path, "cat", 1, 1, NOW)
    write = lambda text: lambda path: path.write_text(text)  # noqa: E731
    first = [save_numbered(name, write(text)) for text in ("a", "b", "a")]
    used: set[Path] = set()
    again = [save_numbered(name, write(text), used=used) for text in ("a", "a", "a", "b", "c")]
    assert again[:2] == [first[0], first[2]]
    assert again[3] == first[1]
    assert [path.name for path in (again[2], again[4])] == ["cat_00004_.png", "cat_00005_.png"]
    assert not list(tmp_path.glob(".*"))


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """Old unfinished files go; young ones and those of others stay."""
    old, young, other = (tmp_path / f".{c * 32}.png" for c in "abz")
    for path in (old, young, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    save(tmp_path, "cat")
    assert (old.exists(), young.exists(), other.exists()) == (False, True, True)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """No half file and no reserved name."""

    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_numbered(save_name(tmp_path, "cat", 1, 1, NOW), fail)
    assert list(tmp_path.iterdir()) == []


def test_writers_at_once_never_share_a_name(tmp_path: Path) -> None:
    """Eight threads, five files each: forty names."""
    threads = [
        threading.Thread(target=lambda: [save(tmp_path, "cat") for _ in range(5)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.iterdir())) == 40


def test_file_systems_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is reserved and then replaced."""

    def no_links(a: Path, b: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", no_links)
    assert [save(tmp_path, "cat") for _ in range(2)] == ["cat_00001_.png", "cat_00002_.png"]
    assert len(list(tmp_path.iterdir())) == 2
