"""Node packs in processes of their own: beside the worker, behind a socket and a fence.

Invariant: nothing that such a process sends is ever executed or unpickled here; what crosses is
tensors, numbers, texts, None, and lists, tuples and dictionaries of them.
"""
