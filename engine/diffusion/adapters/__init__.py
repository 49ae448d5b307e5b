"""Weight adapters: LoRA and its kin, from whatever file they come in, as patches on handles.

Invariant: an adapter file is only described when it is loaded (names, shapes); its tensors are
read when a network is patched, and what it does to a weight is a pure function of the two.
"""
