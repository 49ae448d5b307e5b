"""Files to handles to networks: what is recognised, what is refused and how."""

import pickle
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import torch
from safetensors.torch import save_file

from engine.diffusion import residency
from engine.diffusion.checkpoints import build, load_checkpoint, load_vae
from engine.diffusion.families import detect
from engine.diffusion.weights import read_tensors, stream_tensors
from engine.errors import ModelFileError
from tests.tiny_checkpoint import CLIP, UNET, VAE, tiny_tensors, write_tiny_checkpoint

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")


def test_sizes_come_from_the_tensors(tiny: Path) -> None:
    """Nothing but names and shapes tells the three configs."""
    checkpoint = load_checkpoint(tiny)
    assert checkpoint.clip and checkpoint.vae
    handles = (checkpoint.model, *checkpoint.clip.encoders, checkpoint.vae)
    with torch.device("meta"):
        networks = [handle.weights.build() for handle in handles]
    assert [network.config for network in networks] == [UNET, CLIP, VAE]
    assert (checkpoint.vae.downscale, checkpoint.vae.channels) == (8, 4)
    assert checkpoint.model.latent_format.scale == 0.18215


def test_handles_of_one_file_are_equal_and_cheap(tiny: Path) -> None:
    """The same file gives equal handles that hash and travel between processes."""
    a, b = load_checkpoint(tiny), load_checkpoint(tiny)
    assert a == b and hash(a.model) == hash(b.model)
    assert pickle.loads(pickle.dumps(a)) == a
    assert len(pickle.dumps(a)) < 10_000


def test_a_changed_file_gives_other_handles(tmp_path: Path) -> None:
    """Whoever overwrites a checkpoint must not get results of the old one."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors", seed=0)
    before = load_checkpoint(path)
    path.touch()
    write_tiny_checkpoint(path, seed=1)
    assert load_checkpoint(path).model != before.model


def test_built_network_has_the_files_weights(tiny: Path) -> None:
    """Every parameter is there, in the asked precision, and nothing is left on meta."""
    network = build(load_checkpoint(tiny).model.weights, CPU, torch.float32)
    stored = read_tensors(tiny)
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, stored[f"model.diffusion_model.{name}"])
        assert not parameter.requires_grad


def test_building_does_not_load_torchs_compiler(tiny: Path) -> None:
    """It would cost a second of every cold start."""
    code = (
        "import sys, torch; from pathlib import Path\n"
        "from engine.diffusion.checkpoints import build, load_checkpoint\n"
        "clip = load_checkpoint(Path(sys.argv[1])).clip\n"
        "build(clip.encoders[0].weights, torch.device('cpu'), torch.float32)\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tiny)], check=True)


@pytest.mark.parametrize(("has", "expected"), [(False, torch.float32), (True, torch.bfloat16)])
def test_half_precision_files_compute_as_the_cpu_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: bool, expected: torch.dtype
) -> None:
    """The embedded model ships as float16."""
    monkeypatch.setattr(residency, "cpu_has_bfloat16", lambda: has)
    path = tmp_path / "half.safetensors"
    save_file({k: t.half() for k, t in tiny_tensors().items()}, path)
    found = load_checkpoint(path)
    assert found.clip and found.vae
    for weights in (found.model.weights, found.clip.encoders[0].weights, found.vae.weights):
        network = residency.Residency(CPU).load(weights)
        assert {p.dtype for p in network.parameters()} == {expected}


def test_tensors_come_one_by_one_and_views_where_nothing_changes(tmp_path: Path) -> None:
    """What has the right precision stays in the mapped file; everything else is converted."""
    made = {
        "a": torch.randn(3, 4),
        "b": torch.randn(5).half(),
        "c": torch.tensor(7),
        "d": torch.randn(2, 2).to(torch.float8_e4m3fn),
        "e": torch.zeros(0, 3),
    }
    path = tmp_path / "mixed.safetensors"
    save_file(made, path)
    found = dict(stream_tensors(path, made.keys(), CPU, torch.float32))
    assert {k: t.dtype for k, t in found.items() if k != "c"} == dict.fromkeys(
        "abde", torch.float32
    )
    assert found["c"].dtype == torch.int64
    for name, tensor in made.items():
        assert torch.equal(found[name], tensor.to(found[name].dtype))
    assert list(dict(stream_tensors(path, ["d"], CPU, torch.float16))) == ["d"]


def test_schedule_buffers_and_ema_are_ignored(tmp_path: Path) -> None:
    """Real checkpoints carry tensors that no network has."""
    extra = {
        "betas": torch.zeros(1000),
        "model_ema.decay": torch.zeros(1),
        "cond_stage_model.transformer.text_model.embeddings.position_ids": torch.zeros(1, 77),
        "first_stage_model.loss.logvar": torch.zeros(1),
    }
    path = tmp_path / "real.safetensors"
    save_file(tiny_tensors() | extra, path)
    checkpoint = load_checkpoint(path)
    assert checkpoint.clip and checkpoint.vae
    for handle in (checkpoint.model, *checkpoint.clip.encoders, checkpoint.vae):
        build(handle.weights, CPU, torch.float32)


def test_missing_tensors_are_named(tmp_path: Path) -> None:
    """A truncated conversion is refused when its weights are first used."""
    tensors = tiny_tensors()
    del tensors["model.diffusion_model.time_embed.0.weight"]
    path = tmp_path / "cut.safetensors"
    save_file(tensors, path)
    with pytest.raises(ModelFileError, match=r"1 missing \(time_embed.0.weight\)"):
        build(load_checkpoint(path).model.weights, CPU, torch.float32)


def test_a_checkpoint_without_text_encoder_and_vae(tmp_path: Path) -> None:
    """Then the handles are None, and the model still loads."""
    only = {k: t for k, t in tiny_tensors().items() if k.startswith("model.")}
    save_file(only, tmp_path / "unet.safetensors")
    checkpoint = load_checkpoint(tmp_path / "unet.safetensors")
    assert checkpoint.clip is None and checkpoint.vae is None


def test_text_encoder_names_without_text_model(tmp_path: Path) -> None:
    """Some fine-tunes hold the text encoder under older names."""
    tensors = {k.replace(".text_model.", "."): t for k, t in tiny_tensors().items()}
    save_file(tensors, tmp_path / "old.safetensors")
    clip = load_checkpoint(tmp_path / "old.safetensors").clip
    assert clip is not None
    build(clip.encoders[0].weights, CPU, torch.float32)


class _Program:
    """Runs something when it is unpickled, if it is let."""

    def __reduce__(self) -> tuple[object, ...]:
        return exec, ("import sys; sys.modules['was_executed'] = sys",)


def test_what_training_left_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callbacks and scores of PyTorch Lightning, which the first published checkpoints hold.

    The packages that made them need not be there; one object of another kind, and the file is
    refused as a whole, and nothing of it runs.
    """
    module = ModuleType("pytorch_lightning.callbacks")
    callback = type("ModelCheckpoint", (), {"__module__": module.__name__})
    module.ModelCheckpoint = callback  # type: ignore[attr-defined]
    left = {callback: {"best": numpy.float64(0.3)}, "made": callback(), "epoch": numpy.int64(3)}
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "pytorch_lightning", module)
        patch.setitem(sys.modules, module.__name__, module)
        torch.save({"state_dict": {"a": torch.ones(3)}, "callbacks": left}, tmp_path / "a.ckpt")
        left["program"] = _Program()
        torch.save({"state_dict": {"a": torch.ones(3)}, "callbacks": left}, tmp_path / "b.ckpt")
    assert torch.equal(read_tensors(tmp_path / "a.ckpt")["a"], torch.ones(3))
    with pytest.raises(ModelFileError, match="can run any program"):
        read_tensors(tmp_path / "b.ckpt")
    assert "was_executed" not in sys.modules
    assert "_Leftover" not in str(torch.serialization.get_safe_globals())


def test_pickled_checkpoints_hold_only_tensors(tmp_path: Path) -> None:
    """A state_dict inside a pickle loads; a program inside it does not."""
    good, bad = tmp_path / "good.ckpt", tmp_path / "bad.ckpt"
    torch.save({"state_dict": tiny_tensors(), "epoch": 3}, good)
    torch.save({"state_dict": tiny_tensors(), "run": Path("x")}, bad)
    build(load_checkpoint(good).model.weights, CPU, torch.float32)
    with pytest.raises(ModelFileError, match="Convert it to safetensors"):
        load_checkpoint(bad)


def test_unknown_and_damaged_files_say_what_to_do(tmp_path: Path) -> None:
    """One sentence each."""
    save_file({"lora_up.weight": torch.zeros(2)}, tmp_path / "lora.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(b"\x10\0\0\0")
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(ModelFileError, match="no checkpoint of a known family"):
        load_checkpoint(tmp_path / "lora.safetensors")
    with pytest.raises(ModelFileError, match="fetch the file again"):
        load_checkpoint(tmp_path / "cut.safetensors")
    with pytest.raises(ModelFileError, match="no weight file"):
        load_checkpoint(tmp_path / "text.txt")


@pytest.mark.parametrize("prefix", ["", "first_stage_model.", "vae."])
def test_vae_files_with_any_prefix(tmp_path: Path, prefix: str) -> None:
    """A VAE of its own is the same VAE."""
    start = "first_stage_model."
    tensors = {k: t for k, t in tiny_tensors().items() if k.startswith(start)}
    path = tmp_path / "vae.safetensors"
    save_file({prefix + k[len(start) :]: t for k, t in tensors.items()}, path)
    build(load_vae(path).weights, CPU, torch.float32)


def test_no_vae_in_the_file(tmp_path: Path) -> None:
    """The error shows what was found instead."""
    save_file({"lora_up.weight": torch.zeros(2)}, tmp_path / "lora.safetensors")
    with pytest.raises(ModelFileError, match=r"lora_up\.weight"):
        load_vae(tmp_path / "lora.safetensors")


def test_detection_needs_a_known_unet() -> None:
    """An SDXL-like file (pooled condition) is not taken for SD 1.x."""
    shapes = {k: tuple(t.shape) for k, t in tiny_tensors().items()}
    assert detect(shapes) is not None
    assert detect(shapes | {"model.diffusion_model.label_emb.0.0.weight": (128, 2816)}) is None
