"""What a workflow is: node specs, prompts, canvas files, validation, signatures.

Invariant: pure functions over plain frozen data. Nothing here does I/O, knows torch, or
recurses over a graph: a chain of 100,000 nodes is as fine as one of ten.
"""
