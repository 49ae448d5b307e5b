"""Prompt language, rows and weights."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.diffusion.checkpoints import load_checkpoint
from engine.diffusion.handles import Clip
from engine.diffusion.text.chunks import RowFormat, cut_into_rows
from engine.diffusion.text.embeddings import find_embedding
from engine.diffusion.text.encode import encode, tokenize
from engine.diffusion.text.syntax import EmbeddingName, split_embeddings, weigh
from tests.tiny_checkpoint import write_tiny_checkpoint


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    path = write_tiny_checkpoint(tmp_path_factory.mktemp("models") / "tiny.safetensors")
    found = load_checkpoint(path).clip
    assert found
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a cat", [("a cat", 1.0)]),
        ("a (red) cat", [("a ", 1.0), ("red", 1.1), (" cat", 1.0)]),
        ("((red))", [("red", 1.21)]),
        ("(red:1.3)", [("red", 1.3)]),
        ("((red:1.3))", [("red", 1.3)]),
        ("((red):1.5)", [("red", 1.65)]),
        ("(a (b) c:2)", [("a ", 2.0), ("b", 2.2), (" c", 2.0)]),
        ("(a:b:0.5)", [("a:b", 0.5)]),
        ("(a:b)", [("a:b", 1.1)]),
        (r"a \(b\) (c)", [("a (b) ", 1.0), ("c", 1.1)]),
        ("a (b", [("a (b", 1.0)]),
        ("a) b", [("a) b", 1.0)]),
        ("()", []),
        ("[a]", [("[a]", 1.0)]),
        ("(a:-1)", [("a", -1.0)]),
    ],
)
def test_weights(text: str, expected: list[tuple[str, float]]) -> None:
    """The whole language of weights."""
    found = weigh(text)
    assert [t for t, _ in found] == [t for t, _ in expected]
    assert [w for _, w in found] == pytest.approx([w for _, w in expected])


def test_deep_nesting_needs_no_recursion() -> None:
    """Ten thousand parentheses are a strange prompt, not a crash."""
    assert weigh("(" * 2000 + "a:1)" + ")" * 1999) == [("a", 1.0)]
    assert weigh("(" * 10000 + "a")[0][1] == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a cat", ["a cat"]),
        ("embedding:x", [EmbeddingName("x")]),
        ("a embedding:x b", ["a", EmbeddingName("x"), "b"]),
        ("a\nembedding:x\nb", ["a", EmbeddingName("x"), "b"]),
        ("notembedding:x", ["notembedding:x"]),
        ("embedding:x, b", [EmbeddingName("x,"), "b"]),
        ("embedding: b", ["b"]),
    ],
)
def test_embedding_names(text: str, expected: list[str | EmbeddingName]) -> None:
    """Only at the start or behind white space."""
    assert split_embeddings(text) == expected


def rows_of(*lengths: int) -> list[list[int]]:
    """Rows of segments with so many tokens; tokens of segment k are all k + 1."""
    segments = [[(k + 1, 1.0)] * n for k, n in enumerate(lengths)]
    rows = cut_into_rows(segments, RowFormat(start=100, end=101, pad=102))
    return [[int(token) for token, _ in row] for row in rows]


def test_rows_are_framed_and_padded() -> None:
    """Start, tokens, end, padding: always 77."""
    assert rows_of() == [[100, 101] + [102] * 75]
    assert rows_of(2) == [[100, 1, 1, 101] + [102] * 73]


def test_a_short_segment_moves_to_the_next_row_whole() -> None:
    """Seven tokens that do not fit close the row."""
    first, second = rows_of(70, 7)
    assert first == [100] + [1] * 70 + [101] + [102] * 5
    assert second[:9] == [100] + [2] * 7 + [101]


def test_a_long_segment_is_cut_at_the_boundary() -> None:
    """Eight tokens are torn apart; 75 fill a row exactly."""
    first, second = rows_of(70, 8)
    assert first == [100] + [1] * 70 + [2] * 5 + [101]
    assert second[:5] == [100, 2, 2, 2, 101]
    assert len(rows_of(75)) == 1
    assert [len(row) for row in rows_of(200)] == [77, 77, 77]


def test_an_unweighted_prompt_is_the_encoders_output(clip: Clip) -> None:
    """Weight 1 changes nothing at all."""
    plain, pooled = encode(clip, "a photo of a cat")
    assert plain.shape == (1, 77, 64) and pooled.shape == (1, 64)
    assert torch.equal(encode(clip, "(a photo of a cat:1.0)")[0], plain)
    assert torch.equal(pooled[0], plain[0, 6])


def test_weights_move_along_the_line_from_the_empty_prompt(clip: Clip) -> None:
    """Per token and position: z becomes z_empty + w (z - z_empty)."""
    plain, empty = encode(clip, "cat")[0], encode(clip, "")[0]
    weighted = encode(clip, "(cat:1.5)")[0]
    expected = empty[:, 1] + 1.5 * (plain[:, 1] - empty[:, 1])
    assert torch.allclose(weighted[:, 1], expected, atol=1e-6)
    assert torch.allclose(weighted[:, 2:], plain[:, 2:], atol=1e-6)
    assert torch.allclose(encode(clip, "(cat:0)")[0][:, 1], empty[:, 1], atol=1e-6)


def test_long_prompts_become_several_rows(clip: Clip) -> None:
    """Rows are encoded alone and put one behind the other; pooled comes from the first."""
    long, pooled = encode(clip, "cat " * 100)
    assert long.shape == (1, 154, 64)
    assert torch.allclose(long[:, :77], encode(clip, "cat " * 75)[0], atol=1e-6)
    assert torch.allclose(pooled[0], long[0, 76], atol=1e-6)


def test_clip_skip_uses_an_earlier_layer(clip: Clip) -> None:
    """Layer -2 differs; beyond the first layer means the last one; pooled stays the last's."""
    last, pooled = encode(clip, "cat")
    skipped, skipped_pooled = encode(replace(clip, layer=-2), "cat")
    assert not torch.allclose(last, skipped)
    assert torch.equal(pooled, skipped_pooled)
    assert torch.equal(encode(replace(clip, layer=-24), "cat")[0], last)


def test_an_embedding_takes_the_place_of_tokens(clip: Clip, tmp_path: Path) -> None:
    """Its vectors stand where its name stood; the commas behind it stay."""
    vectors = torch.randn(3, 64)
    torch.save({"string_to_param": {"*": vectors}}, tmp_path / "style.pt")

    def lookup(name: str, *, key: str) -> torch.Tensor | None:
        return find_embedding((tmp_path,), name, key)

    (row,) = tokenize(clip.encoders[0], "a (embedding:style, cat:1.2)", lookup)
    assert [type(token) for token, _ in row[1:7]] == [int, *[torch.Tensor] * 3, int, int]
    assert [weight for _, weight in row[1:7]] == [1.0, *[1.2] * 5]
    assert not torch.allclose(
        encode(clip, "embedding:style", lookup)[0], encode(clip, "embedding:other", lookup)[0]
    )


def test_unusable_embeddings_are_left_out(clip: Clip, tmp_path: Path) -> None:
    """Unknown names and wrong widths are dropped, and names cannot climb out."""
    outside, inside = tmp_path / "secret.pt", tmp_path / "embeddings"
    inside.mkdir()
    torch.save(torch.zeros(1, 64), outside)
    torch.save(torch.zeros(1, 32), inside / "narrow.pt")
    assert find_embedding((inside,), "../secret") is None

    def lookup(name: str, *, key: str) -> torch.Tensor | None:
        return find_embedding((inside,), name, key)

    for name in ("unknown", "narrow"):
        assert tokenize(clip.encoders[0], f"a embedding:{name} cat", lookup) == tokenize(
            clip.encoders[0], "a cat"
        )
