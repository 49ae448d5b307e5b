"""Every kind of adapter does what its paper says, wherever its file says it belongs."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusion.adapters.algorithms import algorithm_for
from engine.diffusion.adapters.files import adapter_file, patch_of, with_adapter
from engine.diffusion.adapters.spelling import diffusers_name, place_and_part
from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.families import Checkpoint
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.patches import patched
from engine.diffusion.residency import Limits, Residency
from tests.diffusion.test_networks import unet_names_of_diffusers, with_prefix
from tests.diffusion.test_parity import SD21, SDXL, small, theirs
from tests.tiny_checkpoint import write_tiny_checkpoint
from tests.tiny_families import write_tiny_family

OUT, IN, R = 8, 6, 2
S = 0.7


def rand(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def changed(weight: Tensor, strength: float = S, **parts: Tensor) -> Tensor:
    """What the algorithm for these parts makes of a weight."""
    algorithm = algorithm_for(parts)
    assert algorithm
    return algorithm(weight, strength, parts)


def alpha(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)


def same(found: Tensor, expected: Tensor) -> None:
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [None, 0.5, 4.0])
def test_lora_is_up_times_down_by_alpha_over_rank(scale: float | None) -> None:
    w, up, down = rand(OUT, IN), rand(OUT, R), rand(R, IN)
    more = {} if scale is None else {"alpha": alpha(scale)}
    expected = torch.stack(
        [
            torch.stack([sum(up[o, r] * down[r, i] for r in range(R)) for i in range(IN)])
            for o in range(OUT)
        ]
    )
    factor = 1.0 if scale is None else scale / R
    same(changed(w, up=up, down=down, **more), w + S * factor * expected)


def test_lora_of_convolutions_plain_and_through_a_kernel() -> None:
    w, up, down = rand(OUT, IN, 3, 3), rand(OUT, R, 1, 1), rand(R, IN, 3, 3)
    x = rand(2, IN, 5, 5)
    conv = torch.nn.functional.conv2d
    found = changed(w, 1.0, up=up, down=down) - w
    same(conv(x, found), conv(conv(x, down), up))
    mid, down = rand(R, R, 3, 3), rand(R, IN, 1, 1)
    found = changed(w, 1.0, up=up, mid=mid, down=down, alpha=alpha(1.0)) - w
    same(conv(x, found), conv(conv(conv(x, down), mid), up) / R)


def test_loha_multiplies_two_products() -> None:
    w, a, b, c, d = rand(OUT, IN), rand(OUT, R), rand(R, IN), rand(OUT, R), rand(R, IN)
    found = changed(w, w1_a=a, w1_b=b, w2_a=c, w2_b=d, alpha=alpha(3.0))
    same(found, w + S * 3 / R * (a @ b) * (c @ d))


def test_loha_through_kernels() -> None:
    w, t1, t2 = rand(OUT, IN, 3, 3), rand(R, R, 3, 3), rand(R, R, 3, 3)
    a, b, c, d = rand(R, OUT), rand(R, IN), rand(R, OUT), rand(R, IN)
    found = changed(w, w1_a=a, w1_b=b, w2_a=c, w2_b=d, t1=t1, t2=t2)
    expected = torch.empty_like(w)
    for y in range(3):
        for x in range(3):
            expected[..., y, x] = (a.T @ t1[..., y, x] @ b) * (c.T @ t2[..., y, x] @ d)
    same(found, w + S * expected)


@pytest.mark.parametrize("first", ["whole", "factored"])
@pytest.mark.parametrize("second", ["whole", "factored"])
def test_lokr_is_a_kronecker_product(first: str, second: str) -> None:
    w, parts = rand(OUT, IN), {"alpha": alpha(5.0)}
    whole = {"1": rand(2, 3), "2": rand(4, 2)}
    for n, kind in (("1", first), ("2", second)):
        if kind == "factored":
            rows, columns = whole[n].shape
            parts |= {f"k{n}_a": rand(rows, R), f"k{n}_b": rand(R, columns)}
            whole[n] = parts[f"k{n}_a"] @ parts[f"k{n}_b"]
        else:
            parts[f"k{n}"] = whole[n]
    expected = torch.empty(OUT, IN, dtype=torch.float64)
    for o in range(OUT):
        for i in range(IN):
            expected[o, i] = whole["1"][o // 4, i // 2] * whole["2"][o % 4, i % 2]
    factor = 5.0 / R if "factored" in (first, second) else 1.0
    same(changed(w, **parts), w + S * factor * expected)


def test_lokr_of_a_convolution_through_a_kernel() -> None:
    w, k1, t = rand(OUT, IN, 3, 3), rand(2, 3), rand(R, R, 3, 3)
    a, b = rand(R, 4), rand(R, 2)
    found = changed(w, k1=k1, k2_a=a, k2_b=b, kt2=t)
    planes = [[torch.kron(k1, a.T @ t[..., y, x] @ b) for x in range(3)] for y in range(3)]
    expected = torch.stack([torch.stack(row, -1) for row in planes], -2)
    same(found, w + S * expected)


def test_glora_old_and_new() -> None:
    w = rand(OUT, IN)
    a1, a2, b1, b2 = rand(R, IN), rand(IN, R), rand(R, IN), rand(OUT, R)
    found = changed(w, a1=a1, a2=a2, b1=b1, b2=b2, alpha=alpha(3.0))
    same(found, w + S * 3 / R * (w @ a2 @ a1 + b2 @ b1))
    a1, a2, b1, b2 = rand(IN, R), rand(R, IN), rand(OUT, R), rand(R, IN)
    found = changed(w, a1=a1, a2=a2, b1=b1, b2=b2, alpha=alpha(3.0))
    same(found, w + S * 3 / R * (w @ a1 @ a2 + b1 @ b2))


def cayley(block: Tensor) -> Tensor:
    q = block - block.T
    eye = torch.eye(len(q), dtype=q.dtype)
    return torch.linalg.solve((eye - q).T, (eye + q).T).T


def test_oft_turns_blocks_of_outputs() -> None:
    w, blocks = rand(OUT, IN), rand(2, 4, 4) * 0.1
    turned = torch.cat([cayley(b).T @ rows for b, rows in zip(blocks, w.chunk(2), strict=True)])
    same(changed(w, 1.0, blocks=blocks, alpha=alpha(0.0)), turned)
    same(changed(w, S, blocks=blocks), w + S * S * (turned - w))
    lengths = [torch.linalg.vector_norm(x, dim=0) for x in (turned, w)]
    same(*lengths)


def test_alpha_limits_how_far_oft_turns() -> None:
    w, blocks = rand(OUT, IN), rand(2, 4, 4)
    norm = torch.linalg.vector_norm(blocks - blocks.mT)
    limited = changed(w, 1.0, blocks=blocks, alpha=alpha(0.5))
    same(limited, changed(w, 1.0, blocks=blocks * (0.5 / norm)))


def test_boft_turns_pairs_in_stages() -> None:
    """With blocks of two, stage i turns outputs that are 2^i apart: the butterfly of an FFT."""
    w, blocks = rand(OUT, IN), rand(3, 4, 2, 2) * 0.2
    rows = w.clone()
    for i in range(3):
        distance, n = 2**i, 0
        for start in range(0, OUT, 2 * distance):
            for k in range(distance):
                pair = [start + k, start + k + distance]
                part = cayley(blocks[i, n]) * S + torch.eye(2, dtype=torch.float64) * (1 - S)
                rows[pair] = part @ rows[pair]
                n += 1
    same(changed(w, S, blocks=blocks), w + S * (rows - w))


@pytest.mark.parametrize("shape", [(OUT, IN), (OUT, IN, 3, 3)])
@pytest.mark.parametrize("axis", ["rows", "columns", "peft"])
def test_dora_gives_rows_or_columns_their_length(shape: tuple[int, ...], axis: str) -> None:
    w, up, ones = rand(*shape), rand(OUT, R), [1] * (len(shape) - 2)
    down = rand(R, *shape[1:])
    delta = (up @ down.flatten(1)).reshape(shape) * 3 / R
    scale = rand(1, IN, *ones) if axis == "columns" else rand(OUT, 1, *ones)
    name = "magnitude" if axis == "peft" else "dora_scale"
    given = scale.flatten() if axis == "peft" else scale
    found = changed(w, up=up, down=down, alpha=alpha(3.0), **{name: given})
    total = w + delta
    dims = [d for d in range(len(shape)) if d != (1 if axis == "columns" else 0)]
    length = (total**2).sum(dims, keepdim=True).sqrt()
    same(found, w + S * (total / length * scale - w))


def test_whole_differences_and_replacements() -> None:
    w, other = rand(OUT, IN), rand(OUT, IN)
    same(changed(w, diff=other), w + S * other)
    same(changed(w, set=other), other)
    assert algorithm_for({"up": other}) is None


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("lora_unet_x.lora_up.weight", ("lora_unet_x", "up")),
        ("unet.a.processor.to_q_lora.down.weight", ("unet.a.processor.to_q", "down")),
        ("unet.a.to_q.lora_A.weight", ("unet.a.to_q", "down")),
        ("base_model.model.a.lora_B.default.weight", ("base_model.model.a", "up")),
        ("text_encoder.q_proj.lora_linear_layer.up.weight", ("text_encoder.q_proj", "up")),
        ("a.lora_magnitude_vector.default.weight", ("a", "magnitude")),
        ("a.b1.weight", ("a", "b1")),
        ("a.w_norm", ("a", "diff")),
        ("a.b_norm", ("a", "bias")),
        ("something.weight", None),
    ],
)
def test_endings(key: str, found: tuple[str, str] | None) -> None:
    assert place_and_part(key) == found


@pytest.mark.parametrize("config", [small(SD21), small(SDXL), SDXL], ids=["sd2", "small", "sdxl"])
def test_diffusers_names_are_those_of_its_own_converter(config: UNetConfig) -> None:
    """Every tensor of the network, carried over by diffusers, has the name that we give it."""
    with torch.device("meta"):
        network, reference = UNet(config), theirs(config)
    state = with_prefix("model.diffusion_model.", network)
    converted = unet_names_of_diffusers(dict(state), reference.config)
    assert converted.keys() == reference.state_dict().keys()
    name_of = {id(t): name.removeprefix("model.diffusion_model.") for name, t in state.items()}
    assert all(
        diffusers_name(name_of[id(t)], config.num_res_blocks) == k for k, t in converted.items()
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    return load_checkpoint(path)


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("models")
    return load_checkpoint(write_tiny_family(folder / "sdxl.safetensors", "sdxl"))


NAME = "input_blocks.1.1.transformer_blocks.0.attn1.to_q"
THEIRS = "down_blocks.0.attentions.0.transformer_blocks.0.attn1"
FLAT, FLAT_THEIRS = NAME.replace(".", "_"), THEIRS.replace(".", "_")
LORA = (".lora_down.weight", ".lora_up.weight")


@pytest.mark.parametrize(
    ("place", "endings"),
    [
        (f"lora_unet_{FLAT}", LORA),
        (f"diffusion_model.{NAME}", LORA),
        (f"lora_unet_{FLAT_THEIRS}_to_q", LORA),
        (f"lycoris_{FLAT_THEIRS}_to_q", LORA),
        (f"unet.{THEIRS}.to_q", (".lora.down.weight", ".lora.up.weight")),
        (f"{THEIRS}.processor.to_q", ("_lora.down.weight", "_lora.up.weight")),
        (f"unet.{THEIRS}.processor.to_q", ("_lora.down.weight", "_lora.up.weight")),
        (f"unet.{THEIRS}.to_q", (".lora_A.weight", ".lora_B.weight")),
        (f"base_model.model.{THEIRS}.to_q", (".lora_A.weight", ".lora_B.weight")),
        (f"unet.{THEIRS}.to_q", (".lora_A.default.weight", ".lora_B.default.weight")),
    ],
)
def test_every_spelling_of_a_place(
    tiny: Checkpoint, tmp_path: Path, place: str, endings: tuple[str, str]
) -> None:
    down, up = torch.randn(R, 32), torch.randn(32, R)
    path = tmp_path / "lora.safetensors"
    save_file({place + endings[0]: down, place + endings[1]: up}, path)
    patch = patch_of(adapter_file(path), tiny.model, 0.5)
    name = f"{NAME}.weight"
    assert list(patch.changes) == [name]
    w = torch.randn(32, 32)
    torch.testing.assert_close(patched(name, w, [patch]), w + 0.5 * up @ down)


LAYER = "text_model.encoder.layers.1.self_attn.q_proj"
TEXT = LAYER.replace(".", "_")


@pytest.mark.parametrize(
    ("place", "encoder"),
    [
        (f"lora_te1_{TEXT}", 0),
        (f"lora_te2_{TEXT}", 1),
        (f"text_encoder.{LAYER}", 0),
        (f"text_encoder_2.{LAYER}", 1),
        (f"text_encoders.clip_l.transformer.{LAYER}", 0),
        (f"text_encoders.clip_g.transformer.{LAYER}", 1),
        ("lora_te2_text_projection", 1),
    ],
)
def test_places_in_a_pair_of_text_encoders(
    sdxl: Checkpoint, tmp_path: Path, place: str, encoder: int
) -> None:
    assert sdxl.clip
    width = sdxl.clip.encoders[encoder].width
    rows = 96 if "projection" in place else width
    tensors = {f"{place}{LORA[0]}": torch.ones(R, width), f"{place}{LORA[1]}": torch.ones(rows, R)}
    save_file(tensors, tmp_path / "lora.safetensors")
    adapter = adapter_file(tmp_path / "lora.safetensors")
    model, clip = with_adapter(adapter, sdxl.model, sdxl.clip, 1.0, 1.0)
    assert model and clip and not model.patches[0].changes
    sizes = [len(e.patches[0].changes) for e in clip.encoders]
    assert sizes == [int(i == encoder) for i in range(2)]


def test_strength_zero_changes_no_handle(tiny: Checkpoint, tmp_path: Path) -> None:
    save_file({f"lora_unet_{FLAT}.diff": torch.ones(32, 32)}, tmp_path / "a.safetensors")
    adapter = adapter_file(tmp_path / "a.safetensors")
    assert with_adapter(adapter, tiny.model, tiny.clip, 0.0, 0.0) == (tiny.model, tiny.clip)


def test_what_does_not_fit_is_counted_and_the_rest_works(
    tiny: Checkpoint, tmp_path: Path, caplog: Any
) -> None:
    tensors = {
        f"lora_unet_{FLAT}.diff": torch.ones(32, 32),
        f"lora_unet_{FLAT}.diff_b": torch.ones(32),  # this layer has no bias
        "lora_unet_out_2.diff_b": torch.ones(4),
        "lora_unet_out_0.w_norm": torch.ones(32),
        "lora_unet_out_0.b_norm": torch.ones(32),
        "lora_unet_input_blocks_0_0.diff": torch.ones(5, 5),
        "lora_unet_double_blocks_0.diff": torch.ones(2, 2),
        "lora_te_nowhere.diff": torch.ones(2),
    }
    save_file(tensors, tmp_path / "a.safetensors")
    with caplog.at_level(logging.WARNING):
        model, _ = with_adapter(adapter_file(tmp_path / "a.safetensors"), tiny.model, None, 1, 1)
    assert model
    expected = {f"{NAME}.weight", "out.2.bias", "out.0.weight", "out.0.bias"}
    assert model.patches[0].changes.keys() == expected
    unused, misfit = (record.getMessage() for record in caplog.records)
    assert unused == "1 tensors of 'a.safetensors' were not used: lora_unet_double_blocks_0.diff"
    assert misfit.startswith("2 places of 'a.safetensors' were left out")
    assert "lora_unet_input_blocks_0_0" in misfit


def test_an_adapter_of_another_family_says_so(
    tiny: Checkpoint, tmp_path: Path, caplog: Any
) -> None:
    save_file({"transformer.blocks.0.diff": torch.ones(2)}, tmp_path / "a.safetensors")
    with caplog.at_level(logging.WARNING):
        with_adapter(adapter_file(tmp_path / "a.safetensors"), tiny.model, tiny.clip, 1.0, 1.0)
    assert "changes nothing" in caplog.text and "another family" in caplog.text


def test_a_thousand_times_on_and_off_leaves_every_bit(tiny: Checkpoint, tmp_path: Path) -> None:
    """Stacked, negative, with and without: the plain weights are never written to."""
    tensors = {f"lora_unet_{FLAT}{LORA[0]}": torch.randn(R, 32)}
    tensors |= {f"lora_unet_{FLAT}{LORA[1]}": torch.randn(32, R)}
    save_file(tensors, tmp_path / "a.safetensors")
    save_file({f"lora_unet_{FLAT}.oft_blocks": torch.randn(4, 8, 8)}, tmp_path / "b.safetensors")
    files = [adapter_file(tmp_path / f"{name}.safetensors") for name in "ab"]
    residency = Residency(torch.device("cpu"), limits=Limits({"diffusion": "fp32"}))
    weights = tiny.model.weights
    plain = {k: t.clone() for k, t in residency.load(weights).state_dict().items()}
    first = None
    for i in range(1000):
        strengths = (1.0, -0.5) if i % 2 else (float(i % 5), 1.0)
        patches = [patch_of(f, tiny.model, s) for f, s in zip(files, strengths, strict=True)]
        found = residency.load(weights, patches).state_dict()[f"{NAME}.weight"]
        if i % 2:
            first = found.clone() if first is None else first
            assert torch.equal(found, first)
        after = residency.load(weights).state_dict()
        assert torch.equal(after[f"{NAME}.weight"], plain[f"{NAME}.weight"])
    assert all(torch.equal(plain[k], after[k]) for k in plain)
