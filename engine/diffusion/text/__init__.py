"""From a prompt to the vectors that a denoiser attends to.

Tokenizer (characters to ids), syntax (weights and embeddings), chunks (rows of 77), encode
(rows to vectors).

Invariant: each step is a pure function of the one before, so every step is tested alone.
"""
