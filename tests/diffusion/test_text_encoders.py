"""Two text encoders side by side, in both layouts, against transformers."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.diffusion.families.open_clip import text_names, unpack
from engine.diffusion.families.text_encoders import describe_text_encoder, join
from engine.diffusion.handles import Clip, TextEncoder
from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.text.encode import encode, tokenize
from engine.diffusion.weights import read_header
from tests.diffusion.test_networks import BOUND, relative_error
from tests.tiny_checkpoint import open_clip_layout

L = ClipTextConfig(vocab_size=1000, width=64, layers=3, heads=1)
G = ClipTextConfig(vocab_size=1000, width=128, layers=4, heads=2, projection=96)
PROMPT = "a photo of a red cat"


def with_prefix(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + k: t.contiguous() for k, t in state.items()}


def random_state(config: ClipTextConfig, seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ClipText(config).state_dict()


def found(path: Path, prefix: str, name: str) -> TextEncoder:
    encoder = describe_text_encoder(read_header(path), prefix, name)
    assert encoder is not None
    return encoder


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """L in the layout of transformers, G in that of OpenCLIP, as in an SDXL checkpoint."""
    path = tmp_path_factory.mktemp("models") / "pair.safetensors"
    g = open_clip_layout(random_state(G, 2))
    save_file(with_prefix("l.", random_state(L, 1)) | with_prefix("g.model.", g), path)
    joined = join(found(path, "l.", "l"), found(path, "g.model.", "g"))
    assert joined
    return joined


def theirs(config: ClipTextConfig, state: dict[str, Tensor]) -> nn.Module:
    """The encoder of transformers with the same weights."""
    transformers = pytest.importorskip("transformers")
    sizes = transformers.CLIPTextConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.width,
        intermediate_size=config.width * 4,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        projection_dim=config.projection or config.width,
        hidden_act="quick_gelu" if config.width <= 768 else "gelu",
        eos_token_id=config.vocab_size - 1,
        bos_token_id=config.vocab_size - 2,
        pad_token_id=config.vocab_size - 1,
    )
    cls = transformers.CLIPTextModelWithProjection if config.projection else None
    network = (cls or transformers.CLIPTextModel)(sizes).eval()
    short = not any(k.startswith("text_model.") for k in network.state_dict())
    named = {k.removeprefix("text_model.") if short else k: t for k, t in state.items()}
    missing, unknown = network.load_state_dict(named, strict=False)
    assert not unknown and all("position_ids" in name for name in missing)
    return network


@torch.no_grad()
def test_a_pair_equals_transformers(pair: Clip) -> None:
    """Features side by side from the layer before the last; pooled from the second, projected."""
    vectors, pooled = encode(pair, PROMPT)
    rows = [[[token for token, _ in tokenize(e, PROMPT)[0]]] for e in pair.encoders]
    small, large = (theirs(c, random_state(c, i)) for i, c in ((1, L), (2, G)))
    one = small(torch.tensor(rows[0]), output_hidden_states=True)
    two = large(torch.tensor(rows[1]), output_hidden_states=True)
    reference = torch.cat([one.hidden_states[-2], two.hidden_states[-2]], dim=-1)
    assert vectors.shape == (1, 77, 192) and pooled.shape == (1, 96)
    assert relative_error(vectors, reference) < BOUND
    assert relative_error(pooled, two.text_embeds) < BOUND


def test_open_clips_layout_is_the_one_that_diffusers_converts() -> None:
    """Names, fused matrices and the turned projection, by a converter that is not ours."""
    utils = pytest.importorskip("diffusers.loaders.single_file_utils")
    config = replace(G, projection=G.width)  # the converter takes one for the other
    state = random_state(config, 2)
    fused = with_prefix("c.", open_clip_layout(state))
    assert any(key.endswith("in_proj_weight") for key in fused)
    reference = theirs(config, state)
    converted = utils.convert_open_clip_checkpoint(reference, dict(fused), prefix="c.")
    ours: dict[str, Tensor] = {}
    for key, name in text_names("c.", fused).items():
        ours |= unpack(name, fused[key])
    del ours["logit_scale"]
    assert ours.keys() == converted.keys() == state.keys()
    assert all(torch.equal(ours[k], t) and torch.equal(state[k], t) for k, t in converted.items())


def test_each_encoder_pads_as_it_was_trained(pair: Clip) -> None:
    """CLIP-L repeats its end token, OpenCLIP's encoders go on with zeros."""
    small, large = ([token for token, _ in tokenize(e, "cat")[0]] for e in pair.encoders)
    end = small.index(999)
    assert small[: end + 1] == large[: end + 1]
    assert set(small[end:]) == {999} and set(large[end + 1 :]) == {0}


def test_texts_of_their_own_and_rows_of_equal_number(pair: Clip) -> None:
    """The shorter text is followed by an empty row, so that no vector of the longer is lost."""
    vectors, pooled = encode(pair, {"l": "cat", "g": "cat " * 100})
    rows = len(tokenize(pair.encoders[1], "cat " * 100))
    assert rows > 1 and vectors.shape == (1, 77 * rows, 192)
    alone = encode(pair, "cat")[0]
    assert torch.allclose(vectors[:, :77, :64], alone[..., :64], atol=1e-5)
    assert torch.allclose(vectors[:, 77:154, :64], encode(pair, "")[0][..., :64], atol=1e-5)
    assert not torch.allclose(pooled, encode(pair, "cat")[1])


def test_vectors_are_cut_to_the_encoder_with_fewer_rows(pair: Clip) -> None:
    """An embedding that only one of them knows makes its text longer."""

    def only_l(name: str, *, key: str) -> Tensor | None:
        return torch.zeros(90, 64) if key == "clip_l" else None

    assert encode(pair, "embedding:x", only_l)[0].shape == (1, 77, 192)


def test_clip_skip_counts_in_both(pair: Clip) -> None:
    """Layer -3 of each; what one does not have is its finished output."""
    plain, skipped = encode(pair, "cat")[0], encode(replace(pair, layer=-3), "cat")[0]
    assert not torch.allclose(plain[..., :64], skipped[..., :64])
    assert not torch.allclose(plain[..., 64:], skipped[..., 64:])
    beyond = encode(replace(pair, layer=-4), "cat")[0]
    finished = ClipText(L)
    finished.load_state_dict(random_state(L, 1))
    tokens = torch.tensor([[token for token, _ in tokenize(pair.encoders[0], "cat")[0]]])
    with torch.no_grad():
        assert torch.allclose(beyond[..., :64], finished(tokens), atol=1e-5)


def test_patches_are_per_encoder(pair: Clip) -> None:
    """L and G have tensors of the same names, so a patch says whom it is for."""
    from engine.diffusion.patches import Patch

    name = "text_model.final_layer_norm.bias"
    patch = Patch("one", 1.0, {name: lambda weight, strength: weight + strength})
    for who, touched in (("g", True), ("l", False)):
        pooled = encode(pair.patched(patch, encoder=who), "cat")[1]
        assert torch.allclose(pooled, encode(pair, "cat")[1]) is not touched


def test_the_text_half_of_a_whole_clip(tmp_path: Path) -> None:
    """Files that hold the vision encoder too are read for their text encoder."""
    path = tmp_path / "clip.safetensors"
    other = {"vision_model.post_layernorm.weight": torch.ones(4), "logit_scale": torch.ones(())}
    save_file(random_state(L, 1) | other, path)
    assert encode(Clip((found(path, "", "l"),)), "cat")[0].shape == (1, 77, 64)
