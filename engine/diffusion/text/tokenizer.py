"""The byte-level BPE tokenizer of CLIP (Radford et al. 2021), at any vocabulary size.

Invariant: ids are decided by the one public merge list. A vocabulary of V tokens is 256
bytes, 256 word-final bytes, the first V - 514 merges, start of text and end of text.
"""

import gzip
import unicodedata
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers

MERGES_FILE = Path(__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
FULL_VOCAB_SIZE = 49408
START_TEXT, END_TEXT = "<|startoftext|>", "<|endoftext|>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"


class Tokenizer:
    """Text to token ids, without start, end and padding.

    Attributes:
        vocab_size: number of tokens, at least 514; 49408 is CLIP's own.
        start: id of start of text.
        end: id of end of text, which also pads.
    """

    def __init__(self, vocab_size: int = FULL_VOCAB_SIZE) -> None:
        if not 514 <= vocab_size <= FULL_VOCAB_SIZE:
            raise ValueError(
                f"A CLIP vocabulary has 514 to {FULL_VOCAB_SIZE} tokens, but {vocab_size} were "
                "asked for. The file's text encoder is probably not a CLIP text encoder."
            )
        self.vocab_size = vocab_size
        self.start = vocab_size - 2
        self.end = vocab_size - 1

    @cached_property
    def _bpe(self) -> "tokenizers.Tokenizer":
        return _build_bpe(self.vocab_size)

    def encode(self, text: str) -> list[int]:
        """Ids of a text; the empty text has none."""
        return self._bpe.encode(normalize(text), add_special_tokens=False).ids


def normalize(text: str) -> str:
    """Text as CLIP's vocabulary expects it: composed, lower case, no control characters.

    CJK ideographs become words of one character, as in the tokenizer that the published
    text encoders are used with.
    """
    spaced = "".join(f" {c} " if _is_ideograph(ord(c)) else c for c in text if _kept(c))
    return unicodedata.normalize("NFC", spaced).lower()


def _kept(char: str) -> bool:
    control = unicodedata.category(char).startswith("C") or char == "\ufffd"
    return char in "\t\n\r" or not control


def _is_ideograph(code: int) -> bool:
    return (
        0x4E00 <= code <= 0x9FFF
        or 0x3400 <= code <= 0x4DBF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x2CEAF
        or 0x2F800 <= code <= 0x2FA1F
    )


def _byte_characters() -> list[str]:
    """One printable character for each byte, in vocabulary order (GPT-2's mapping)."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = range(256 - len(visible))
    return [chr(b) for b in visible] + [chr(256 + n) for n in hidden]


def _read_merges(count: int) -> list[tuple[str, str]]:
    with gzip.open(MERGES_FILE, "rt", encoding="utf-8") as lines:
        next(lines)  # a version comment
        pairs = (line.split() for line in islice(lines, count))
        return [(a, b) for a, b in pairs]


@lru_cache(maxsize=4)
def _build_bpe(vocab_size: int) -> "tokenizers.Tokenizer":
    from tokenizers import Regex, models, pre_tokenizers
    from tokenizers import Tokenizer as Engine

    merges = _read_merges(vocab_size - 514)
    characters = _byte_characters()
    words = [*characters, *(c + "</w>" for c in characters), *(a + b for a, b in merges)]
    vocab = {word: i for i, word in enumerate([*words, START_TEXT, END_TEXT])}
    engine = Engine(models.BPE(vocab, merges, end_of_word_suffix="</w>"))
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    engine.add_special_tokens([START_TEXT, END_TEXT])
    return engine
