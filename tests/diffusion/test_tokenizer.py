"""The tokenizer against known ids and against transformers' CLIP tokenizer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diffusion.text.tokenizer import Tokenizer, _read_merges

PROMPTS = [
    "a photo of a cat",
    "A Photo OF a CAT",
    "",
    "   ",
    "masterpiece, best quality, (1girl), 4k, f/1.8 -- 35mm",
    "it's the dog's they'll we've I'd don't",
    "café naïve Zürich ÀÉÎ",
    "emoji 🙂 and ☃!!?",
    "numbers 1234567890 3.14",
    "русский текст и ελληνικά",
    "<|endoftext|>",
    "tabs\tand\nnewlines\r\n",
]


@pytest.fixture(scope="module")
def theirs():
    """transformers' tokenizer, built from the same merges."""
    transformers = pytest.importorskip("transformers")
    ours = Tokenizer()
    vocab = ours._bpe.get_vocab(with_added_tokens=True)
    return transformers.CLIPTokenizer(vocab=vocab, merges=_read_merges(49408 - 514))


def test_known_ids() -> None:
    """Ids that anybody can look up in CLIP's published vocabulary."""
    tokenizer = Tokenizer()
    assert tokenizer.encode("a photo of a cat") == [320, 1125, 539, 320, 2368]
    assert (tokenizer.start, tokenizer.end) == (49406, 49407)
    assert tokenizer.encode("") == []


@pytest.mark.parametrize("prompt", PROMPTS)
def test_same_ids_as_transformers(theirs, prompt: str) -> None:
    """Typical prompts, in several scripts."""
    assert Tokenizer().encode(prompt) == theirs(prompt)["input_ids"][1:-1]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=0x52F, exclude_categories=["C", "Lm", "Mn"])))
def test_same_ids_as_transformers_on_any_text(theirs, text: str) -> None:
    """Latin, Greek and Cyrillic letters, digits and punctuation in any mixture."""
    if "Σ" in text or "İ" in text:
        return  # the libraries lower these by different rules of Unicode
    assert Tokenizer().encode(text) == theirs(text)["input_ids"][1:-1]


def test_a_smaller_vocabulary_uses_the_first_merges() -> None:
    """V = 8706 keeps 8192 merges, so early words have the same ids."""
    small = Tokenizer(8706)
    assert (small.start, small.end) == (8704, 8705)
    assert small.encode("a photo of a cat") == [320, 1125, 539, 320, 2368]
    assert max(small.encode("photosynthesis of xylophones, quixotic")) < small.start


def test_ideographs_are_single_words_and_control_characters_vanish() -> None:
    """As in the tokenizer that the published text encoders are used with."""
    tokenizer = Tokenizer()
    assert tokenizer.encode("猫犬") == tokenizer.encode("猫 犬")
    assert tokenizer.encode("c\u200dat\x00") == tokenizer.encode("cat")


def test_an_impossible_vocabulary_is_refused() -> None:
    """Fewer tokens than bytes cannot be a CLIP vocabulary."""
    with pytest.raises(ValueError, match="514 to 49408"):
        Tokenizer(100)
