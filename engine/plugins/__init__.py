"""Node packs: how a node is written, found and loaded.

Invariant: however a node is written, what leaves this folder is a ``Node``: a ``NodeSpec``
and one callable. Only the worker process imports packs.
"""
