"""Training of the embedded model: sprites in, one Stable-Diffusion-1.x-layout file out.

Every stage is one script that reads as a page; each is deterministic given ``--seed`` and continues
from its last checkpoint when the same command is given again. README.md gives the order.
"""
