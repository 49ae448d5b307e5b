"""The built-in nodes, one file a category.

Invariant: each node is a thin typed function over ``engine.diffusion`` and ``engine.media``;
ids, inputs, defaults and bounds are those that shared workflows use.
"""
