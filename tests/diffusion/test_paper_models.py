"""The checkpoints of Rombach et al. 2022: recognised, complete, conditioned as they were."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.diffusion.checkpoints import build, load_checkpoint
from engine.diffusion.conditioners import (
    Box,
    class_map,
    class_vectors,
    layout_tokens,
    layout_vectors,
    no_class,
)
from engine.diffusion.conditioning import Situation
from engine.diffusion.families import FAMILIES, detect
from engine.diffusion.families.sizes import unet_config
from engine.diffusion.files import load_diffusion_model
from engine.diffusion.handles import Clip, Conditioner
from engine.diffusion.networks.condition_stages import LdmBert, LdmBertConfig
from engine.diffusion.networks.unet import UNet, UNetConfig
from engine.diffusion.parameterization import Discrete
from engine.diffusion.text.class_names import class_names, class_number
from engine.diffusion.text.encode import encode
from engine.diffusion.text.wordpiece import VOCABULARY_FILE, WordPiece
from engine.diffusion.weights import Header
from engine.errors import InvalidInput
from tests.diffusion.test_networks import BOUND, relative_error, shapes_of
from tests.paper_layouts import BETAS, CONDITIONS, UNETS, bert, checkpoint, first_stage, unet
from tests.paper_layouts import STAGES as FIRST
from tests.tiny_paper import SCALE, tiny_paper, write_tiny_paper
from tests.tiny_paper import UNETS as TINY

CPU = torch.device("cpu")
FAMILY_OF = {
    "celeba256": "Latent diffusion",
    "lsun_churches256": "Latent diffusion",
    "inpainting_big": "Latent inpainting",
    "bsr_sr": "Latent super-resolution",
    "semantic_synthesis256": "Latent semantic synthesis",
    "cin256": "Latent diffusion by class",
    "cin256-v2": "Latent diffusion by class",
    "text2img256": "Latent diffusion by text",
    "txt2img-f8-large": "Latent diffusion by text",
    "layout2img-openimages256": "Latent diffusion by layout",
}
#: Channels of a head, or heads, of those that read tokens.
HEADS = {
    "cin256": (None, 32),
    "cin256-v2": (1, 32),
    "text2img256": (None, 32),
    "txt2img-f8-large": (8, 32),
    "layout2img-openimages256": (None, 32),
}


@pytest.mark.parametrize("name", UNETS)
def test_full_size_checkpoints(name: str) -> None:
    """The family, and every network with exactly the tensors of the published layout."""
    layout = checkpoint(name)
    family = detect(layout)
    assert family and family.name == FAMILY_OF[name]
    found = family.describe(Header(Path("model.ckpt"), "id", layout, {}))
    assert found.model.sampling == Discrete(*BETAS[name])
    with torch.device("meta"):
        denoiser, vae = found.model.weights.build(), found.vae.weights.build()
    assert shapes_of(denoiser) == unet(**UNETS[name])
    assert shapes_of(vae) == first_stage(FIRST[name])
    if name in HEADS:
        assert (denoiser.config.heads, denoiser.config.head_channels) == HEADS[name]
    form, codebook = found.model.latent_format, FIRST[name].startswith("vq")
    assert form.scale == (1.0 if codebook else 0.18215) and form.downscale == found.vae.downscale
    assert (found.clip is None) == (name not in CONDITIONS)
    if found.clip:
        stage = found.clip.encoders[0] if isinstance(found.clip, Clip) else found.clip
        with torch.device("meta"):
            network = shapes_of(stage.weights.build())
        published = {k.removeprefix("transformer."): s for k, s in CONDITIONS[name].items()}
        assert network == {k: s for k, s in published.items() if "to_logits" not in k}


@cache
def tiny(kind: str) -> Any:
    """A loaded tiny checkpoint; the file is there as long as the tests run."""
    import tempfile

    folder = tempfile.TemporaryDirectory()
    found = load_checkpoint(write_tiny_paper(Path(folder.name) / f"{kind}.ckpt", kind))
    object.__setattr__(found, "folder", folder)
    return found


def situation(model: Any, **changes: Any) -> Situation:
    form = model.latent_format
    latent = torch.randn(1, form.channels, 8, 12)
    return Situation(model.sampling, latent, torch.zeros(1), latent_scale=form.scale, **changes)


@pytest.mark.parametrize("kind", TINY)
def test_every_tensor_finds_its_network(kind: str) -> None:
    """Nothing is missing or left over; what training left is ignored, the schedule is read."""
    found = tiny(kind)
    stages = found.clip.encoders if isinstance(found.clip, Clip) else (found.clip,)
    for part in (found.model, found.vae, *filter(None, stages)):
        build(part.weights, CPU, torch.float32)
    betas = tiny_paper(kind)["betas"]
    assert found.model.sampling == Discrete(
        *(pytest.approx(betas[i].item(), rel=1e-5) for i in (0, -1))
    )
    assert len(found.model.latent_format.rgb_factors) == found.model.latent_format.channels


def test_the_scale_of_latents_is_read() -> None:
    """Where the checkpoint holds it; a KL autoencoder's has its usual one, a codebook's none."""
    scales = {k: tiny(k).model.latent_format.scale for k in ("churches", "text-large", "class-f8")}
    assert scales == {"churches": pytest.approx(SCALE), "text-large": 0.18215, "class-f8": 1.0}


def test_other_families_keep_their_checkpoints() -> None:
    """Those of the paper are asked first, and say no."""
    from tests.tiny_families import KINDS, tiny_family

    for kind in KINDS:
        shapes = {k: tuple(t.shape) for k, t in tiny_family(kind).items()}
        assert not any(f.matches(shapes) for f in FAMILIES[:7]), kind


@pytest.mark.parametrize("name", [name for name in UNETS if name != "txt2img-f8-large"])
def test_a_denoiser_alone(name: str) -> None:
    """Without what encodes its condition, the U-Net tells the family.

    The large text model's is one of SD 1.x by all that shows, and computes as such.
    """
    layout = {f"model.diffusion_model.{k}": s for k, s in unet(**UNETS[name]).items()}
    family = detect(layout)
    assert family and family.name == FAMILY_OF[name]


@pytest.mark.parametrize(
    ("shown", "name"), [(0, "Latent diffusion"), (3, "Latent super-resolution")]
)
def test_a_denoiser_that_attends_to_nothing(shown: int, name: str) -> None:
    """Convolutions alone, for pictures of any size: its sizes are read off all the same."""
    config = UNetConfig(3 + shown, 3, 32, (1, 2), 1, (0, 0), middle_depth=0, context_dim=0)
    layout = shapes_of(UNet(config))
    family = detect({f"model.diffusion_model.{k}": s for k, s in layout.items()})
    assert family and family.name == name and unet_config(layout) == config


def test_a_denoiser_in_a_file_of_its_own(tmp_path: Path) -> None:
    """As Load Diffusion Model reads it."""
    prefix = "model.diffusion_model."
    tensors = tiny_paper("unconditional")
    alone = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    torch.save(alone, tmp_path / "unet.pt")
    model = load_diffusion_model(tmp_path / "unet.pt")
    assert model.context_dim == 0 and model.latent_format.channels == 3
    build(model.weights, CPU, torch.float32)


@torch.no_grad()
def test_the_transformer_equals_diffusers() -> None:
    """diffusers' LDMBertModel, every pair of layers; measured: 2.4e-7."""
    pytest.importorskip("diffusers")
    from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import (
        LDMBertConfig as TheirConfig,
    )
    from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertModel

    config = LdmBertConfig(vocab_size=300, width=96, layers=3, positions=77)
    ours = LdmBert(config).eval()
    theirs = LDMBertModel(
        TheirConfig(
            vocab_size=300,
            d_model=96,
            encoder_layers=3,
            encoder_ffn_dim=384,
            encoder_attention_heads=8,
            head_dim=64,
            max_position_embeddings=77,
        )
    ).eval()
    theirs.model.load_state_dict(ldm_bert_names(ours.state_dict()))
    tokens = torch.randint(0, 300, (2, 77))
    reference = theirs(tokens)
    reference = reference[0] if isinstance(reference, tuple) else reference.last_hidden_state
    assert relative_error(ours(tokens), reference) < BOUND


def ldm_bert_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our tensors as diffusers names those of its encoder; all of them have a place."""
    found = {}
    inside = {
        "1.to_q": "self_attn.q_proj",
        "1.to_k": "self_attn.k_proj",
        "1.to_v": "self_attn.v_proj",
        "1.to_out": "self_attn.out_proj",
    }
    for name, tensor in state.items():
        if not name.startswith("attn_layers."):
            for ours, theirs in (
                ("token_emb", "embed_tokens"),
                ("pos_emb.emb", "embed_positions"),
                ("norm", "layer_norm"),
            ):
                if name.startswith(f"{ours}."):
                    found[theirs + name[len(ours) :]] = tensor
            continue
        _, _, number, rest = name.split(".", 3)
        layer, second = divmod(int(number), 2)
        for ours, theirs in inside.items():
            rest = rest.replace(ours, theirs)
        if second:
            rest = rest.replace("1.net.0.0", "fc1").replace("1.net.2", "fc2")
        rest = (
            rest.replace("0.", "final_layer_norm." if second else "self_attn_layer_norm.", 1)
            if (rest.startswith("0."))
            else rest
        )
        found[f"layers.{layer}.{rest}"] = tensor
    return found


def test_words_equal_those_of_transformers(tmp_path: Path) -> None:
    """transformers' BertTokenizer on the same vocabulary, accents, symbols and unknown words."""
    pytest.importorskip("transformers")
    import gzip

    from transformers import BertTokenizer

    lines = gzip.decompress(VOCABULARY_FILE.read_bytes())
    (tmp_path / "vocab.txt").write_bytes(lines)
    words = lines.decode().splitlines()
    theirs = BertTokenizer(vocab={w: i for i, w in enumerate(words)}, do_lower_case=True)
    ours = WordPiece()
    assert len(words) == 30522 and (words[ours.start], words[ours.end]) == ("[CLS]", "[SEP]")
    for text in (
        "a painting of a virus monster playing guitar",
        "Crème brûlée, 3.5 euros; naïve café!?",
        "an unbelievably antidisestablishmentarianistic sky",
        "猫が好き \u00a0 tab\there 😀",
        "",
    ):
        assert ours.encode(text) == theirs(text, add_special_tokens=False)["input_ids"], text
    with pytest.raises(ValueError, match="30522"):
        WordPiece(40000)


def test_captions_are_read_like_prompts() -> None:
    """A row of 77 words: start, caption, end, padding of zeros; weights and length as elsewhere."""
    found = tiny("text-large")
    vectors, _ = encode(found.clip, "a cat")
    network = build(found.clip.encoders[0].weights, CPU, torch.float32)
    ids = [101, *WordPiece(2400).encode("a cat"), 102]
    with torch.no_grad():
        expected = network(torch.tensor([ids + [0] * (77 - len(ids))]))
    assert torch.allclose(vectors, expected, atol=1e-6)
    assert vectors.shape == (1, 77, found.model.context_dim)
    assert not torch.equal(encode(found.clip, "a (cat:1.4)")[0], vectors)
    assert encode(found.clip, "the " * 100)[0].shape == (1, 154, 40)


def test_classes_have_one_vector() -> None:
    """A row of the table; what the model cannot know is refused."""
    clip = tiny("class").clip
    table = tiny_paper("class")["cond_stage_model.embedding.weight"]
    assert torch.equal(class_vectors(clip, 207)[0, 0], table[207])
    assert no_class(clip) == 1000 and no_class(tiny("class-f8").clip) is None
    with pytest.raises(InvalidInput, match="classes 0 to 1000, but 1001"):
        class_vectors(clip, 1001)
    with pytest.raises(InvalidInput, match="conditioned by a class, not by a layout"):
        layout_vectors(clip, [])
    with pytest.raises(InvalidInput, match="follows no prompts: its condition is a class"):
        encode(clip, "a cat")
    with pytest.raises(InvalidInput, match="clip input is empty"):
        class_vectors(None, 1)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="conditioned by a prompt"):
        class_vectors(tiny("text").clip, 1)


def test_names_of_classes() -> None:
    """WordNet's, in any case; what is ambiguous or unknown is not guessed."""
    assert len(class_names("ImageNet")) == 1000
    assert class_number("Golden Retriever ", "ImageNet") == 207
    assert class_number("giant panda", "ImageNet") == 388 and class_number("17", "ImageNet") == 17
    with pytest.raises(InvalidInput, match="Several classes are called 'crane': 134 is crane; 517"):
        class_number("crane", "ImageNet")
    with pytest.raises(InvalidInput, match="Did you mean"):
        class_number("retriever", "ImageNet")
    with pytest.raises(InvalidInput, match=r"called 'qqqqqq'\. Give"):
        class_number("qqqqqq", "ImageNet")


def test_a_file_may_name_its_classes(tmp_path: Path) -> None:
    """In its metadata; then those names count, and the one called none is for guidance."""
    names = ["Fox", "rocket", "none"]
    assert class_number(" fox", "ImageNet", names) == 0
    with pytest.raises(InvalidInput, match=r"No class of this model .* Did you mean 'rocket'"):
        class_number("rockets", "ImageNet", names)
    named = tmp_path / "named.safetensors"
    save_file(tiny_paper("class"), named, {"class_names": json.dumps(names)})
    clip = load_checkpoint(named).clip
    assert clip.names == tuple(names) and no_class(clip) == 2
    assert no_class(replace(clip, names=("Fox", "rocket"))) is None


def test_a_file_may_name_the_objects_of_its_layouts(tmp_path: Path) -> None:
    """Under the same key; without it the names are those of OpenImages."""
    named = tmp_path / "named.safetensors"
    save_file(tiny_paper("layout"), named, {"class_names": json.dumps(["fox", "red car"])})
    assert load_checkpoint(named).clip.names == ("fox", "red car")
    assert tiny("layout").clip.names == ()


def test_names_of_objects() -> None:
    """As the authors count them: by ids of OpenImages, which begin so, suitcases last."""
    names = [name for (name,) in class_names("OpenImages")]
    assert len(names) == len(set(names)) == 340
    assert names[:3] == ["tortoise", "sea turtle", "toothbrush"] and names[-1] == "suitcase"
    # Counted as person, cattle, ball, knife, sandwich, couch and clock.
    others = {"woman", "man", "girl", "boy", "bull", "football", "tennis ball", "kitchen knife"}
    others |= {"submarine sandwich", "sofa bed", "alarm clock", "wall clock"}
    assert not others & set(names) and class_number("Person", "OpenImages") == names.index("person")


def test_a_layout_in_words() -> None:
    """Corners on a grid of 90 x 90, thirty objects, then the crop; computed by hand."""
    boxes = [Box(14, 0.0, 0.5, 0.25, 0.5), Box(300, 0.9, 0.9, 0.5, 0.5)]
    words = layout_tokens(boxes, 8192, 92)
    assert len(words) == 92
    assert words[:3] == [14, 44 * 90, 89 * 90 + 22]
    assert words[3:6] == [300, 80 * 90 + 80, 89 * 90 + 89]
    assert words[6:90] == [8191] * 84 and words[90:] == [0, 8099]
    with pytest.raises(InvalidInput, match="30 objects at most, but 31"):
        layout_tokens(boxes[:1] * 31, 8192, 92)
    with pytest.raises(InvalidInput, match="below 8191, but 8191"):
        layout_tokens([Box(8191, 0, 0, 1, 1)], 8192, 92)
    clip = tiny("layout").clip
    assert isinstance(clip, Conditioner) and layout_vectors(clip, boxes).shape == (1, 92, 40)


def test_a_map_of_classes() -> None:
    """One channel a class, halved twice, mixed; against a direct computation in float64."""
    clip = tiny("semantic").clip
    numbers = torch.randint(0, 12, (2, 16, 24))
    found = class_map(clip, numbers)
    weight = tiny_paper("semantic")["cond_stage_model.channel_mapper.weight"].double()
    planes = torch.stack([(numbers == k).double() for k in range(12)], dim=1)
    # Halving by bilinear interpolation is the mean of the two middle pixels a side.
    for _ in range(2):
        rows = (planes[:, :, 0::2] + planes[:, :, 1::2]) / 2
        planes = (rows[..., 0::2] + rows[..., 1::2]) / 2
    expected = torch.einsum("oc,bchw->bohw", weight[:, :, 0, 0], planes)
    assert relative_error(found.double(), expected) < BOUND
    with pytest.raises(InvalidInput, match="class 12, but the model knows the classes 0 to 11"):
        class_map(clip, numbers + 1)


def test_inpainting_is_shown_picture_and_mask() -> None:
    """The latent of what is left, then the mask of -1 and 1, nearest pixel a cell."""
    model, image = tiny("inpainting").model, torch.randn(1, 3, 8, 12)
    mask = torch.zeros(1, 1, 32, 48)
    mask[..., 16:] = 1
    options = {"concat_latent_image": image, "concat_mask": mask}
    concat = model.inputs(options, situation(model))["concat"]
    assert torch.equal(concat[:, :3], image)
    assert torch.equal(concat[:, 3:, :, :4], -torch.ones(1, 1, 8, 4))
    assert torch.equal(concat[:, 3:, :, 4:], torch.ones(1, 1, 8, 8))
    with pytest.raises(InvalidInput, match="Latent Inpainting"):
        model.inputs({}, situation(model))


@pytest.mark.parametrize(
    ("kind", "node"),
    [
        ("super-resolution", "Latent Super-Resolution"),
        ("semantic", "Segmentation Conditioning"),
    ],
)
def test_pictures_beside_the_latent(kind: str, node: str) -> None:
    """As they are; without one, an error names the node."""
    model, image = tiny(kind).model, torch.randn(1, 3, 8, 12)
    assert torch.equal(model.inputs({"concat_image": image}, situation(model))["concat"], image)
    with pytest.raises(InvalidInput, match=node):
        model.inputs({}, situation(model))


def test_the_layout_of_the_transformer_is_the_published_one() -> None:
    """Its head for predicting words apart."""
    with torch.device("meta"):
        network = LdmBert(LdmBertConfig())
    published = {k: s for k, s in bert(1280, 32).items() if not k.startswith("to_logits.")}
    assert shapes_of(network) == published
