"""Paths, devices, tensors and small tools, as existing packs use them."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine import compat
from engine.compat.missing import MissingSymbol, wanted
from engine.compat.needs import needs_of
from engine.errors import Interrupted, ModelFileError, PathOutsideRoot
from engine.folders import Folders, standard
from engine.plugins.current import calling
from engine.plugins.discovery import builtin_nodes, load_pack
from engine.plugins.node import Context
from main import main

PACK = Path(__file__).parents[1] / "packs" / "classic_level1.py"


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Folders]:
    found = standard(tmp_path)
    found.create()
    (tmp_path / "models" / "loras" / "deep").mkdir(parents=True)
    save_file({"a": torch.zeros(1)}, tmp_path / "models" / "loras" / "deep" / "x.safetensors")
    _forget()
    compat.install(found, dict(builtin_nodes()))
    yield found
    _forget()


def _forget() -> None:
    """Modules are global, and each test has folders of its own."""
    roots = ("comfy", "folder_paths", "node_helpers", "engine.compat.folder_paths")
    for name in [n for n in sys.modules if n.startswith(roots)]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def test_a_pack_loads_and_what_it_lacks_is_told_when_it_is_used(
    folders: Folders, tmp_path: Path
) -> None:
    copy = tmp_path / "custom_nodes" / "classic_level1.py"
    copy.parent.mkdir()
    shutil.copy(PACK, copy)
    wanted.clear()
    nodes, pack = load_pack(copy)
    assert not pack.error and len(nodes) == 4
    spec = nodes["Level1Resize"].spec
    by_name = {item.name: item for item in spec.inputs}
    assert by_name["lora"].folder == "loras" and by_name["mine"].choices == ("none",)
    assert by_name["image"].type == "IMAGE" and by_name["anything"].type == "*"
    assert [o.type for o in spec.outputs] == ["IMAGE", "STRING"]
    assert wanted == {"classic_level1": {"comfy.ldm.flux.layers.timestep_embedding"}}

    told: list[float] = []
    ctx = Context("7", folders, {}, lambda value, total, _: told.append(value), lambda: None)
    image = torch.rand(1, 16, 12, 3)
    out = nodes["Level1Resize"].call(
        {"image": image, "width": 8, "lora": "deep/x.safetensors", "mine": "none"}, ctx
    )
    assert out.values[0].shape == (1, 8, 8, 3) and told == [1, 2]
    saved = nodes["Level1Save"].call({"image": image}, ctx)
    assert saved.ui == {"text": ["b_00001_.txt", "a"]}
    assert (folders.output / "a" / "b_00001_.txt").read_text() == "7 (1, 16, 12, 3)"
    with pytest.raises(MissingSymbol) as caught:
        nodes["Level1Lacks"].call({"image": image}, ctx)
    text = str(caught.value)
    assert "pack 'classic_level1' uses comfy.ldm.flux.layers.timestep_embedding" in text


def test_folders_are_live_and_names_stay_inside(folders: Folders, tmp_path: Path) -> None:
    fp: Any = module("folder_paths")
    assert fp.get_filename_list("loras") == ["deep/x.safetensors"]
    path = folders.models["loras"][0] / "deep" / "x.safetensors"
    assert fp.get_full_path("loras", "deep/x.safetensors") == str(path)
    assert fp.get_full_path("loras", "none.safetensors") is None
    with pytest.raises(ModelFileError, match="no file 'none' among the loras"):
        fp.get_full_path_or_raise("loras", "none")
    more = tmp_path / "more"
    more.mkdir()
    (more / "y.safetensors").touch()
    fp.add_model_folder_path("loras", str(more), is_default=True)
    assert fp.get_filename_list("loras") == ["deep/x.safetensors", "y.safetensors"]
    assert fp.get_folder_paths("loras")[0] == str(more)
    fp.folder_names_and_paths["ggufs"] = ([str(more)], {".safetensors"})
    assert fp.get_filename_list("ggufs") == ["y.safetensors"]
    fp.folder_names_and_paths["unet"][0].append(str(more))
    assert fp.get_folder_paths("diffusion_models")[-1] == str(more)
    (folders.input / "a.png").touch()
    assert fp.get_annotated_filepath("a.png [input]") == str(folders.input / "a.png")
    assert fp.exists_annotated_filepath("a.png") and not fp.exists_annotated_filepath("b.png")
    with pytest.raises(PathOutsideRoot):
        fp.get_annotated_filepath("../user/loom.db")
    assert fp.annotated_filepath("a [temp]") == ("a", str(folders.temp))
    assert fp.output_directory == str(folders.output)
    assert fp.models_dir == str(tmp_path / "models")
    names = ["a.PNG", "b.webp", "c.mp4", "d.glb", "e.txt"]
    assert fp.filter_files_content_types(names, ["image", "model"]) == ["a.PNG", "b.webp", "d.glb"]


def test_tensors_and_progress(folders: Folders, tmp_path: Path) -> None:
    utils: Any = module("comfy.utils")
    file = tmp_path / "t.safetensors"
    utils.save_torch_file({"a.x": torch.ones(2), "b": torch.zeros(3).half()}, str(file), {"k": "v"})
    found, metadata = utils.load_torch_file(str(file), return_metadata=True)
    assert metadata == {"k": "v"} and utils.calculate_parameters(found, "a.") == 2
    assert utils.weight_dtype(found) is torch.float16
    renamed = utils.state_dict_prefix_replace(dict(found), {"a.": "c."}, filter_keys=True)
    assert list(renamed) == ["c.x"]

    packed, shapes = utils.pack_latents([torch.rand(1, 4, 2, 2), torch.rand(1, 2, 3, 5)])
    parts = utils.unpack_latents(packed, shapes)
    assert [part.shape for part in parts] == [(1, 4, 2, 2), (1, 2, 3, 5)]
    assert torch.equal(utils.pack_latents(parts)[0], packed)
    frames = torch.rand(2, 3, 5, 8, 6)
    assert utils.common_upscale(frames, 12, 16, "bilinear", "disabled").shape == (2, 3, 5, 16, 12)
    one = utils.common_upscale(frames[:, :, 2], 12, 16, "bilinear", "disabled")
    assert torch.equal(utils.common_upscale(frames, 12, 16, "bilinear", "disabled")[:, :, 2], one)
    picture = torch.rand(2, 3, 40, 30)
    steps: list[float] = []
    bar = utils.ProgressBar(utils.get_tiled_scale_steps(30, 40, 16, 16, 4) * 2)
    ctx = Context("1", folders, {}, lambda value, total, _: steps.append(total), lambda: None)
    with calling(ctx):
        double = lambda x: x.repeat_interleave(2, -1).repeat_interleave(2, -2)  # noqa: E731
        out = utils.tiled_scale(picture, double, 16, 16, 4, 2, pbar=bar)
    assert torch.allclose(out, double(picture), atol=1e-6) and steps == [bar.total] * len(steps)
    assert bar.current == bar.total
    assert utils.repeat_to_batch_size(torch.arange(3), 5).tolist() == [0, 1, 2, 0, 1]
    assert utils.resize_to_batch_size(torch.arange(5), 3).tolist() == [0, 2, 4]
    assert utils.string_to_seed("loom") == utils.string_to_seed(b"loom")


def test_names_that_lead_into_python_are_refused(folders: Folders) -> None:
    utils: Any = module("comfy.utils")
    layer = torch.nn.Sequential(torch.nn.Linear(1, 1))
    before = utils.set_attr(layer, "0.bias", None)
    assert before is not None and utils.get_attr(layer, "0.bias") is None
    with pytest.raises(AttributeError, match="leads into Python"):
        utils.set_attr(layer, "__class__.__init__", None)


def test_previews_and_interrupts_reach_the_run(folders: Folders) -> None:
    utils: Any = module("comfy.utils")
    mm: Any = module("comfy.model_management")
    shown: list[Any] = []

    def stop() -> None:
        raise Interrupted

    def report(value: float, total: float, preview: Any) -> None:
        shown.append(preview())

    with calling(Context("1", folders, {}, report, lambda: None)):
        picture = Image.new("RGBA", (4, 2), "red")
        utils.ProgressBar(3).update_absolute(1, 3, ("JPEG", picture, 512))
        assert not mm.processing_interrupted()
    assert shown[0].shape == (2, 4, 3)
    with calling(Context("1", folders, {}, report, stop)):
        assert mm.processing_interrupted()
        with pytest.raises(mm.InterruptProcessingException):
            utils.ProgressBar(3).update(1)


def test_small_tools(folders: Folders) -> None:
    helpers: Any = module("node_helpers")
    values = [[torch.zeros(1), {"a": [1]}]]
    joined = helpers.conditioning_set_values(values, {"a": [2], "b": 3}, append=True)
    assert joined[0][1] == {"a": [1, 2], "b": 3} and values[0][1] == {"a": [1]}
    opaque = helpers.image_alpha_fix(torch.zeros(1, 2, 2, 4), torch.zeros(1, 2, 2, 3))[1]
    assert opaque.shape[-1] == 4 and opaque[..., 3].min() == 1
    graph: Any = module("comfy_execution.graph_utils")
    nodes, outputs = graph.add_graph_prefix(
        {"1": {"class_type": "A", "inputs": {"x": ["2", 0], "y": 3}}}, (["1", 0], 5), "p."
    )
    assert nodes == {"p.1": {"class_type": "A", "inputs": {"x": ["p.2", 0], "y": 3}}}
    assert outputs == (["p.1", 0], 5)
    running: Any = module("comfy_execution.utils")
    assert running.get_executing_context() is None
    with calling(Context("12", folders, {}, lambda *_: None, lambda: None)):
        assert running.get_executing_context().node_id == "12"


def test_what_is_missing_stops_nothing_but_its_use(folders: Folders) -> None:
    wanted.clear()
    somewhere: Any = module("comfy.ldm.some.module")
    thing = somewhere.Thing
    assert not thing and "comfy.ldm.some.module.Thing" in repr(thing)

    class Mine(somewhere.Base):
        pass

    for use in (lambda: thing(1), lambda: Mine(), lambda: list(thing), lambda: thing["a"]):
        with pytest.raises(MissingSymbol, match=r"comfy\.ldm\.some\.module"):
            use()
    assert somewhere.a.b.c is not None
    with pytest.raises(AttributeError):
        _ = somewhere.__wrapped__
    with pytest.raises(ModuleNotFoundError):
        module("comfortable")


def test_what_packs_need_is_read_from_their_source(folders: Folders) -> None:
    needs = {need.name: need for need in needs_of(PACK)}
    assert {"comfy.utils.ProgressBar", "folder_paths.models_dir"} <= needs.keys()
    assert all(
        need.is_there and need.level == 1 for name, need in needs.items() if "ldm" not in name
    )
    lacking = needs["comfy.ldm.flux.layers.timestep_embedding"]
    assert (lacking.level, lacking.is_there) == (3, False)


def test_the_command_tells_what_became_of_packs(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "custom_nodes"
    home.mkdir()
    shutil.copy(PACK, home)
    (home / "broken.py").write_text("import no_such_library.deep\n")
    assert main(["packs", "--base-directory", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    assert "broken: failed: No module named 'no_such_library'; its requirements name it" in told
    assert "classic_level1: 4 nodes" in told
    assert "  lacks comfy.ldm.flux.layers.timestep_embedding" in told
