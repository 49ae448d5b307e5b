"""The measures of the evaluation, on pictures whose answer is known."""

import torch
from torch import Generator

from tools.train_tiny.concepts import COLOURS, CONCEPTS
from tools.train_tiny.evaluate import SEEDS, ask, coarse, nearest, share_right, similarity, spread
from tools.train_tiny.judge import HEADS, Judge, worn


class Knows(Judge):
    """Reads what was asked for, except that every second concept comes second."""

    def scores(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        scenes = ask().scenes
        answers = (scenes.concept, scenes.style, scenes.colour)
        found = [torch.eye(n)[a] for n, a in zip(HEADS, answers, strict=True)]
        found[0] = (
            found[0] + 2 * torch.eye(HEADS[0])[0] * (torch.arange(len(pictures)) % 2)[:, None]
        )
        return tuple(found)


def test_each_concept_is_asked_for_with_every_noise() -> None:
    asked = ask()
    assert len(asked.texts) == len(CONCEPTS) * SEEDS == len(asked.noise)
    grounds = [list(COLOURS)[i] for i in asked.scenes.colour]
    for text, ground in zip(asked.texts, grounds, strict=True):
        assert (f"{ground} background" in text) or (ground == "white" and "background" not in text)


def test_shares_count_first_and_among_five() -> None:
    asked = ask()
    first, five, style, ground = share_right(Knows(), asked.noise, asked.scenes)
    right = 0.5 + SEEDS / 2 / len(asked.texts)  # the first concept is what is said instead
    assert abs(first - right) < 1e-6
    assert (five, style, ground) == (1.0, 1.0, 1.0)


def test_distances_are_root_mean_squares() -> None:
    x = torch.zeros(SEEDS, 3, 128, 128)
    assert spread(x) == 0
    x[0] = 1.0
    assert abs(spread(x) - 2 / SEEDS) < 1e-4
    torch.testing.assert_close(
        nearest(x, coarse(torch.full((1, 3, 128, 128), 0.25))),
        torch.tensor([0.75, *[0.25] * (SEEDS - 1)]),
    )


def test_similarity_is_one_for_the_same_and_falls_with_wear() -> None:
    g = Generator().manual_seed(1)
    x = torch.rand(4, 3, 32, 32, generator=g) * 2 - 1
    torch.testing.assert_close(similarity(x, x), torch.ones(4))
    assert (similarity(x, worn(x, g)) < 0.95).all()
