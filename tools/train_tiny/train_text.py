"""Teach the text encoder to read before anything is drawn.

Every position behind a caption must tell concept, style and ground colour to a linear classifier.
Trained together with the U-Net from scratch, the conditioning stays silent for a long time; read
first and then frozen, it speaks from the first U-Net step.

    python -m tools.train_tiny.train_text --steps 600
"""

import argparse
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from engine.diffusion.networks.clip_text import ClipText, ClipTextConfig
from engine.diffusion.text.tokenizer import Tokenizer
from tools.train_tiny.compose import caption, draw_scenes
from tools.train_tiny.concepts import COLOURS, CONCEPTS, STYLES
from tools.train_tiny.data import WORK
from tools.train_tiny.loop import Run, averaged, train

CONFIG = ClipTextConfig(vocab_size=8706, width=256, layers=3, heads=4, positions=77)
RATE = 5e-4
BATCH = 32
CHECKPOINT = WORK / "text.pt"


class Reader(nn.Module):
    """The text encoder and the three classifiers that examine it."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ClipText(CONFIG)
        unsaid = 1  # a caption may leave the style open
        sizes = (len(CONCEPTS), len(STYLES) + unsaid, len(COLOURS))
        self.heads = nn.ModuleList(nn.Linear(CONFIG.width, n) for n in sizes)

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """Tokens b 77 -> logits b 77 n for concept, style and colour."""
        features = self.encoder(tokens)
        return [head(features) for head in self.heads]


def tokenize(captions: list[str], tokenizer: Tokenizer) -> Tensor:
    """Start, caption, end, and end again up to 77: b 77."""
    rows = torch.full((len(captions), CONFIG.positions), tokenizer.end)
    rows[:, 0] = tokenizer.start
    for row, text in zip(rows, captions, strict=True):
        ids = torch.tensor(tokenizer.encode(text)[: CONFIG.positions - 2], dtype=torch.long)
        row[1 : 1 + len(ids)] = ids
    return rows


def draw(count: int, g: Generator, tokenizer: Tokenizer) -> tuple[Tensor, list[Tensor]]:
    """Captions as tokens b 77, and what they say: concept, style (last: unsaid), colour."""
    scenes = draw_scenes(count, g)
    rows = zip(scenes.concept.tolist(), scenes.style.tolist(), scenes.colour.tolist(), strict=True)
    texts = [caption(*row, g) for row in rows]
    said = torch.tensor([any(style in text for style in STYLES) for text in texts])
    style = scenes.style.where(said, len(STYLES))
    return tokenize(texts, tokenizer), [scenes.concept, style, scenes.colour]


def loss_of(run: Run, tokenizer: Tokenizer) -> Tensor:
    """Cross-entropy of all three answers, at every position from the end token on."""
    tokens, answers = draw(BATCH, run.g, tokenizer)
    behind = tokens == tokenizer.end
    total = torch.zeros(())
    for logits, answer in zip(run.model(tokens), answers, strict=True):
        truth = answer[:, None].expand_as(tokens)
        total = total + F.cross_entropy(logits[behind], truth[behind])
    return total


def new_run(seed: int) -> Run:
    """A fresh reader; embeddings start small, as CLIP's do."""
    torch.manual_seed(seed)
    model = Reader()
    embeddings = model.encoder.text_model.embeddings
    nn.init.normal_(embeddings.token_embedding.weight, std=0.02)
    nn.init.normal_(embeddings.position_embedding.weight, std=0.01)
    optimizer = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.01, fused=True)
    return Run(model, optimizer, Generator().manual_seed(seed), decay=0.99)


def load_encoder(path: Path) -> ClipText:
    """The trained encoder alone, frozen."""
    encoder = ClipText(CONFIG)
    weights = averaged(path).items()
    encoder.load_state_dict({k[8:]: v for k, v in weights if k.startswith("encoder.")})
    return encoder.eval().requires_grad_(False)


@torch.no_grad()
def accuracy(run: Run, tokenizer: Tokenizer, count: int = 512) -> list[float]:
    """Share of captions read right at the last position: concept, style, colour."""
    g = Generator().manual_seed(12345)
    tokens, answers = draw(count, g, tokenizer)
    logits = run.model(tokens)
    pairs = zip(logits, answers, strict=True)
    return [(a[:, -1].argmax(-1) == b).float().mean().item() for a, b in pairs]


def main(arguments: argparse.Namespace) -> None:
    """Train, save, and say how well captions are read."""
    torch.set_num_threads(arguments.threads)
    tokenizer, run = Tokenizer(CONFIG.vocab_size), new_run(arguments.seed)
    path = arguments.work / CHECKPOINT.name
    train(run, path, arguments.steps, RATE, lambda r: loss_of(r, tokenizer), every=50)
    shares = ", ".join(f"{share:.1%}" for share in accuracy(run, tokenizer))
    print(f"read right (concept, style, colour): {shares}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    main(parser.parse_args())
