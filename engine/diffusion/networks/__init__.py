"""Neural networks, one file each, with the tensor names of the published checkpoints.

Invariant: a network is built from a frozen config alone, holds no device or dtype policy,
and its ``state_dict`` keys are exactly those of the original single-file checkpoints, so a
file loads without a renaming table.
"""
