"""Learn one new word by textual inversion (Gal et al. 2022): all networks stay as they are.

Only the vectors behind one new word are learnt, until the frozen model draws a thing that it was
never taught when a prompt says that word.

    python -m tools.train_tiny.train_embedding models/embeddings/loom-tiny-tangerine.safetensors
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Generator, Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engine.diffusion.networks.clip_text import ClipText
from engine.diffusion.text.tokenizer import Tokenizer
from tools.train_tiny.compose import GROUNDS, PLAIN, TEMPLATES, Scenes, Sprites, draw_scenes, paint
from tools.train_tiny.concepts import COLOURS, STYLES
from tools.train_tiny.data import WORK
from tools.train_tiny.diffusion import LATENT_SCALE, noise_loss
from tools.train_tiny.lessons import Shipped, load_shipped
from tools.train_tiny.loop import Run, averaged, train
from tools.train_tiny.train_text import CONFIG, tokenize

CODE, LIKE = "1f34a", "red apple"
"""The sprite to learn, and the words whose vectors are the first guess, in turn."""
STAND_IN = "thing"
"""A word of one token, whose places in the captions the learnt vectors take."""
VECTORS = 4
RATE = 3e-3
BATCH = 16
COUNT = 256
CHECKPOINT = WORK / "embedding.pt"


@dataclass(frozen=True)
class Examples:
    """Pictures of the new thing, scaled latents n 4 16 16, and their captions as tokens n 77."""

    z: Tensor
    tokens: Tensor


class Word(nn.Module):
    """The learnt vectors, n d."""

    def __init__(self, first: Tensor) -> None:
        super().__init__()
        self.vectors = nn.Parameter(first.clone())

    def context(self, tokens: Tensor, token: int, encoder: ClipText) -> Tensor:
        """Encode captions b 77 with the vectors where ``token`` stands n times in each: b 77 d."""
        places = (tokens == token)[..., None]
        learnt = self.vectors.repeat(len(tokens), 1)  # n d -> (b n) d
        return encoder.hidden(encoder.embed(tokens).masked_scatter(places, learnt))


def sprites_of(path: Path, code: str) -> Sprites:
    """The packed sprites, with this one code point as the only concept."""
    if not path.exists():
        raise SystemExit(f"{path} is missing: run `python -m tools.train_tiny.data` first")
    packed = np.load(path)
    places = zip(packed["style"].tolist(), packed["code"].tolist(), strict=True)
    rows = {place: i for i, place in enumerate(places)}
    if missing := [style for style in STYLES.values() if (style, code) not in rows]:
        raise SystemExit(f"no sprite of {code} in {', '.join(missing)}: choose another --code")
    wanted = [rows[style, code] for style in STYLES.values()]
    rgba = torch.from_numpy(packed["rgba"][wanted]).permute(0, 3, 1, 2).contiguous()
    return Sprites(rgba, torch.arange(len(wanted))[None])


def describe(style: int, colour: int, g: Generator) -> str:
    """A caption in the words that the model was taught with, the stand-in for the thing."""

    def pick(choices: tuple[str, ...]) -> str:
        return choices[int(torch.randint(len(choices), (1,), generator=g))]

    template, words, name = pick(TEMPLATES), pick(GROUNDS), list(COLOURS)[colour]
    where = "" if name == PLAIN else words.format(colour=name)
    thing = " ".join([STAND_IN] * VECTORS)
    return template.format(thing=f"a {thing}", name=thing, style=list(STYLES)[style], ground=where)


@torch.no_grad()
def prepare(shipped: Shipped, sprites: Sprites, tokenizer: Tokenizer, seed: int) -> Examples:
    """Draw, encode and describe the new thing in every style, on every ground."""
    g = Generator().manual_seed(seed)
    drawn = draw_scenes(COUNT, g)
    scenes = Scenes(torch.zeros_like(drawn.concept), drawn.style, drawn.colour)
    pictures = paint(scenes, sprites, g).split(32)
    z = torch.cat([shipped.vae.encode(part) * LATENT_SCALE for part in pictures])
    named = zip(scenes.style.tolist(), scenes.colour.tolist(), strict=True)
    return Examples(z, tokenize([describe(*row, g) for row in named], tokenizer))


def loss_of(run: Run, shipped: Shipped, data: Examples, token: int) -> Tensor:
    """Noise error of one batch of the new thing, under its new name."""
    rows = torch.randint(len(data.z), (BATCH,), generator=run.g)
    with torch.autocast("cpu", torch.bfloat16), sdpa_kernel(SDPBackend.MATH):
        context = run.model.context(data.tokens[rows], token, shipped.encoder)
        return noise_loss(shipped.unet, data.z[rows], context, run.g)


def new_run(encoder: ClipText, tokenizer: Tokenizer, like: str, seed: int) -> Run:
    """The first guess and its optimiser."""
    words = tokenizer.encode(like)
    first = [words[i % len(words)] for i in range(VECTORS)]
    word = Word(encoder.embed(torch.tensor(first)))
    optimizer = torch.optim.AdamW(word.parameters(), RATE, betas=(0.9, 0.99), weight_decay=0.0)
    return Run(word, optimizer, Generator().manual_seed(seed), decay=0.98)


def export(checkpoint: Path, target: Path) -> None:
    """Write the averaged vectors in the usual layout of embedding files, float16."""
    vectors = averaged(checkpoint)["vectors"].half().contiguous()
    target.parent.mkdir(parents=True, exist_ok=True)
    save_file({"emb_params": vectors}, target, {"name": target.stem, "license": "Apache-2.0"})
    print(f"{len(vectors)} vectors -> {target}")


def main(arguments: argparse.Namespace) -> None:
    """Train and write the file."""
    torch.set_num_threads(arguments.threads)
    work, seed = arguments.work, arguments.seed
    shipped, tokenizer = load_shipped(), Tokenizer(CONFIG.vocab_size)
    (token,) = tokenizer.encode(STAND_IN)
    sprites = sprites_of(arguments.sprites or work / "sprites.npz", arguments.code)
    data = prepare(shipped, sprites, tokenizer, seed)
    run, path = new_run(shipped.encoder, tokenizer, arguments.like, seed), work / CHECKPOINT.name
    train(run, path, arguments.steps, RATE, lambda r: loss_of(r, shipped, data, token), every=50)
    export(path, arguments.target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--code", default=CODE, help="code point of the sprite to learn")
    parser.add_argument("--like", default=LIKE, help="words to start from")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--sprites", type=Path, help="packed sprites, if not those in --work")
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
