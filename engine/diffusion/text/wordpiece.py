"""The WordPiece tokenizer of BERT (Devlin et al. 2019), uncased, at any vocabulary size.

Invariant: ids are those of the public vocabulary of bert-base-uncased; a smaller vocabulary has
its first entries.
"""

import gzip
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers

VOCABULARY_FILE = Path(__file__).parent / "bert_base_uncased_vocab.txt.gz"
FULL_VOCAB_SIZE = 30522


class WordPiece:
    """Text to token ids, without start, end and padding.

    Attributes:
        vocab_size: number of tokens; 30522 is BERT's own.
        start: id of ``[CLS]``, which begins a text.
        end: id of ``[SEP]``, which ends it.
    """

    start, end = 101, 102

    def __init__(self, vocab_size: int = FULL_VOCAB_SIZE) -> None:
        if not self.end < vocab_size <= FULL_VOCAB_SIZE:
            raise ValueError(
                f"BERT's vocabulary has {FULL_VOCAB_SIZE} tokens, but {vocab_size} were asked "
                "for. The file's text encoder was probably trained with another tokenizer."
            )
        self.vocab_size = vocab_size

    @cached_property
    def _engine(self) -> "tokenizers.Tokenizer":
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        with gzip.open(VOCABULARY_FILE, "rt", encoding="utf-8") as lines:
            words = [line.rstrip("\n") for line in islice(lines, self.vocab_size)]
        vocabulary = {word: i for i, word in enumerate(words)}
        engine = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        engine.normalizer = normalizers.BertNormalizer(lowercase=True)
        engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return engine

    def encode(self, text: str) -> list[int]:
        """Ids of a text; the empty text has none."""
        return self._engine.encode(text, add_special_tokens=False).ids
