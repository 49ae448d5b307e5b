"""Boxes with phrases equal diffusers' GLIGEN, and guidance tells the two sides apart by them.

Largest relative errors measured: objects 0, the whole U-Net 5.5e-7.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.cache.codec import decode
from engine.cache.codec import encode as encode_entry
from engine.cache.entry import Entry
from engine.diffusion import residency
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.conditioning import Situation, prepare
from engine.diffusion.evaluation import Evaluation
from engine.diffusion.families import Checkpoint
from engine.diffusion.families.diffusers_unet import compvis_names
from engine.diffusion.gligen import Gligen, load_gligen, prepare_boxes, share_boxes, with_box
from engine.diffusion.handles import Model
from engine.diffusion.sample import sample
from engine.diffusion.text.encode import encode, summarize
from engine.errors import InvalidInput, ModelFileError
from engine.workers.references import register_handles
from tests.diffusion.test_networks import BOUND, relative_error
from tests.tiny_checkpoint import UNET, tiny_tensors, write_tiny_checkpoint

CPU = torch.device("cpu")
LATENT = {"samples": torch.zeros(1, 4, 8, 16)}


@pytest.fixture(scope="module", autouse=True)
def _exact() -> Iterator[None]:
    """Denoisers in float32 on any machine."""
    residency.use(CPU, residency.Limits({"diffusion": "fp32"}))
    yield
    residency.use(CPU)


@pytest.fixture(scope="module")
def theirs() -> nn.Module:
    """A small U-Net of diffusers with open gates."""
    diffusers = pytest.importorskip("diffusers")
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(128, 128),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2,
        cross_attention_dim=UNET.context_dim,
        attention_head_dim=UNET.heads,
        sample_size=16,
        attention_type="gated",
    ).eval()
    for name, parameter in unet.named_parameters():
        if "alpha_" in name or "null_" in name:
            nn.init.normal_(parameter)
    return unet


@pytest.fixture(scope="module")
def folder(theirs: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same tensors in the layouts of CompVis and of diffusers, and a checkpoint for them."""
    folder = tmp_path_factory.mktemp("models")
    state = {k: t.clone().contiguous() for k, t in theirs.state_dict().items()}
    names = compvis_names(state)
    marks = (".fuser.", ".position_net.")
    own = {k: n for k, n in names.items() if any(m in n for m in marks)}
    save_file(
        {n.removeprefix("model.diffusion_model."): state[k] for k, n in own.items()},
        folder / "gligen.safetensors",
    )
    save_file(state, folder / "diffusers.safetensors")
    rest = {n: state[k] for k, n in names.items() if k not in own}
    parts = {k: t for k, t in tiny_tensors().items() if not k.startswith("model.")}
    save_file({**parts, **rest}, folder / "tiny.safetensors")
    write_tiny_checkpoint(folder / "plain.safetensors")
    return folder


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Checkpoint:
    return load_checkpoint(folder / "tiny.safetensors")


@pytest.fixture(scope="module")
def gligen(folder: Path) -> Gligen:
    return load_gligen(folder / "gligen.safetensors")


def boxed(gligen: Gligen) -> list[Any]:
    """Two boxes on a latent of 8 x 16."""
    generator = torch.Generator().manual_seed(1)
    a, b = (torch.randn(1, gligen.text_dim, generator=generator) for _ in range(2))
    prompt = [[torch.randn(1, 7, UNET.context_dim, generator=generator), {}]]
    return with_box(with_box(prompt, gligen, (a, 4, 8, 2, 3)), gligen, (b, 2, 2, 6, 12))


def facts(side: list[Any]) -> tuple[Tensor, Tensor, Tensor]:
    """The boxes as diffusers takes them: corners, phrases and which are there."""
    boxes, phrases, masks = torch.zeros(1, 30, 4), torch.zeros(1, 30, 64), torch.zeros(1, 30)
    for i, (phrase, h, w, y, x) in enumerate(side[0][1]["gligen"][2]):
        boxes[0, i] = torch.tensor([x / 16, y / 8, (x + w) / 16, (y + h) / 8])
        phrases[0, i], masks[0, i] = phrase[0], 1
    return boxes, masks, phrases


@torch.no_grad()
@pytest.mark.parametrize("file", ["gligen.safetensors", "diffusers.safetensors"])
def test_a_grounded_unet_equals_diffusers(
    tiny: Checkpoint, theirs: nn.Module, folder: Path, file: str
) -> None:
    """With boxes on one side and empty objects on the other, in one batch."""
    model: Model = tiny.model
    side = boxed(load_gligen(folder / file))
    sides = share_boxes({"positive": side, "negative": [[side[0][0] * 0.5, {}]]})
    x, sigma = torch.randn(1, 4, 8, 16), float(model.sampling.sigmas[500])
    situation = Situation(model.sampling, x, x, model=model)
    found = Evaluation(residency.load(model.weights), model.sampling)(
        x, sigma, [prepare(sides[role], situation) for role in ("positive", "negative")]
    )
    for role, ours in zip(("positive", "negative"), found, strict=True):
        boxes, masks, phrases = facts(sides[role])
        objects = theirs.position_net(boxes, masks, phrases)  # type: ignore[operator]
        _, own = prepare_boxes(sides[role][0][1]["gligen"], model, (8, 16))
        assert relative_error(own, objects) < BOUND
        out = theirs(
            model.sampling.scale_input(x, sigma),
            torch.tensor([500.0]),
            sides[role][0][0],
            cross_attention_kwargs={
                "gligen": {"boxes": boxes, "positive_embeddings": phrases, "masks": masks}
            },
        ).sample
        assert relative_error(ours, model.sampling.denoised(x, out, sigma)) < BOUND


def test_boxes_move_what_is_drawn(tiny: Checkpoint, gligen: Gligen) -> None:
    """And boxes elsewhere give another picture."""
    assert tiny.clip
    vectors, _ = encode(tiny.clip, "a room")
    phrase = summarize(tiny.clip, "a red ball")

    def draw(prompt: list[Any]) -> Tensor:
        settings: dict[str, Any] = {"seed": 1, "steps": 2, "cfg": 3.0, "scheduler": "normal"}
        found: Tensor = sample(
            tiny.model, LATENT, prompt, [[vectors * 0, {}]], sampler="euler", **settings
        )["samples"]
        return found

    plain = [[vectors, {}]]
    here, there = (with_box(plain, gligen, (phrase, 4, 4, y, 4)) for y in (0, 4))
    pictures = [draw(p) for p in (plain, here, there)]
    assert not any(torch.allclose(a, b) for a, b in pairwise(pictures))
    assert torch.equal(draw(here), pictures[1])


def test_phrases_are_summarized_without_projection(tiny: Checkpoint) -> None:
    """What the pooled vector of an encoder without projection is."""
    assert tiny.clip
    assert torch.equal(summarize(tiny.clip, "a cat"), encode(tiny.clip, "a cat")[1])


def test_what_does_not_fit_is_refused(tiny: Checkpoint, gligen: Gligen, folder: Path) -> None:
    """Another family's file, a file of another kind, and too many boxes."""
    with pytest.raises(ModelFileError, match="lacks position_net"):
        load_gligen(folder / "plain.safetensors")
    other = replace(gligen, widths={"input_1_0": 320})
    with pytest.raises(InvalidInput, match="another family"):
        prepare_boxes(("position", other, []), tiny.model, (8, 8))
    many = [(torch.zeros(1, 64), 1, 1, 0, 0)] * 31
    with pytest.raises(InvalidInput, match="31 boxes"):
        prepare_boxes(("position", gligen, many), tiny.model, (8, 8))


def test_boxes_survive_a_restart(gligen: Gligen) -> None:
    """The handle as a reference to its file."""
    register_handles()
    ((_, options),) = boxed(gligen)
    ((found,), (handle,)) = decode(*encode_entry(Entry(([options], [gligen]), {}, 0.0))).values
    assert handle == gligen == found["gligen"][1]
    assert torch.equal(found["gligen"][2][0][0], options["gligen"][2][0][0])
