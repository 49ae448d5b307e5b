"""Control networks: what reads a picture and steers a U-Net by it.

Invariant: a handle is frozen and loads nothing; networks and what they saw of a picture live in
what a run prepared, so that a picture is read once a run and size, not once a step.
"""
