"""Names become paths only inside their folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidFolderConfig, ModelFileError, PathOutsideRoot
from engine.folders import inside, standard
from engine.folders_config import with_extra_paths

PIECES = st.sampled_from(["..", ".", "a", "/", "\\", "\0", "C:", "~", "%2e%2e", " ", "b.png", ""])


@given(st.one_of(st.text(), st.lists(PIECES).map("/".join), st.lists(PIECES).map("".join)))
def test_no_name_leaves_its_root(name: str) -> None:
    root = Path("/nowhere/root")
    try:
        path = inside(root, name)
    except PathOutsideRoot:
        return
    except (OSError, ValueError):
        pytest.fail("a name must be refused with PathOutsideRoot")
    assert path == root or root in path.parents


def test_links_are_followed_before_the_check(tmp_path: Path) -> None:
    root, secret = tmp_path / "root", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    (root / "link").symlink_to(secret)
    with pytest.raises(PathOutsideRoot, match="leads out of its folder"):
        inside(root, "link/file")


@pytest.mark.parametrize("name", ["../x.pt", "a/../../x.pt", "/etc/passwd", "a\\..\\x", "a\0"])
def test_models_may_be_links_to_another_disk_but_names_never_climb(
    tmp_path: Path, name: str
) -> None:
    folders, disk = standard(tmp_path / "base"), tmp_path / "disk"
    (disk / "styles").mkdir(parents=True)
    (disk / "styles" / "a.safetensors").touch()
    root = tmp_path / "base" / "models" / "loras"
    root.mkdir(parents=True)
    (root / "file.safetensors").symlink_to(disk / "styles" / "a.safetensors")
    (root / "folder").symlink_to(disk / "styles")
    assert folders.list("loras") == ["file.safetensors", "folder/a.safetensors"]
    for found in folders.list("loras"):
        assert folders.find("loras", found).is_file()
    with pytest.raises(PathOutsideRoot):
        folders.find("loras", name)


def test_a_missing_model_names_where_it_was_searched(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no file 'x.safetensors'.*models/checkpoints"):
        standard(tmp_path).find("checkpoints", "x.safetensors")


def test_lists_see_new_files_and_subfolders(tmp_path: Path) -> None:
    folders = standard(tmp_path)
    root = tmp_path / "models" / "loras" / "styles"
    root.mkdir(parents=True)
    (root / "a.safetensors").touch()
    (root / "notes.txt").touch()
    assert folders.list("loras") == ["styles/a.safetensors"]
    (root / "b.pt").touch()
    assert folders.list("loras") == ["styles/a.safetensors", "styles/b.pt"]


def test_names_may_say_which_folder(tmp_path: Path) -> None:
    folders = standard(tmp_path)
    assert folders.annotated("a.png [output]") == tmp_path / "output" / "a.png"
    assert folders.annotated("a.png") == tmp_path / "input" / "a.png"
    with pytest.raises(PathOutsideRoot):
        folders.annotated("../a.png [temp]")


def test_pictures_of_any_folder_below_a_root_are_listed(tmp_path: Path) -> None:
    folders = standard(tmp_path)
    for path in (folders.input / "clipspace", folders.output):
        path.mkdir(parents=True)
        (path / "a.png").touch()
    assert folders.list("input/clipspace") == folders.list("output/") == ["a.png"]
    assert folders.list("input/") == folders.list("temp/none") == []
    assert folders.list("input/..") == folders.list("input/" + "x" * 5000) == []


def test_yaml_files_add_folders(tmp_path: Path) -> None:
    config = tmp_path / "extra.yaml"
    config.write_text(
        "shared:\n  base_path: big\n  checkpoints: |\n    a\n    b\n  clip: te\n"
        "first:\n  is_default: true\n  loras: /abs/loras\n  custom_nodes: packs\n"
    )
    folders = with_extra_paths(standard(tmp_path), [config])
    assert folders.models["checkpoints"][1:] == (tmp_path / "big" / "a", tmp_path / "big" / "b")
    assert folders.models["text_encoders"][-1] == tmp_path / "big" / "te"
    assert folders.models["loras"][0] == Path("/abs/loras")
    assert folders.custom_nodes[-1] == tmp_path / "packs"


@pytest.mark.parametrize("text", ["- a", "a: [", None])
def test_broken_yaml_is_named(tmp_path: Path, text: str | None) -> None:
    config = tmp_path / "extra.yaml"
    if text is not None:
        config.write_text(text)
    with pytest.raises(InvalidFolderConfig, match=r"extra\.yaml"):
        with_extra_paths(standard(tmp_path), [config])
