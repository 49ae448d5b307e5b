"""The mathematics of latent diffusion: networks, checkpoints, text, schedules, samplers.

Invariant: nothing here knows graphs, processes or HTTP; every function of tensors takes its
randomness and its device as arguments.
"""
