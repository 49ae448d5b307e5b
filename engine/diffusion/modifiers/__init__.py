"""Ready-made hooks: variants of guidance, changes of attention, caches of steps.

Invariant: a modifier is a frozen dataclass or a function of ``hooks.Guided`` or ``hooks.Where``;
what it keeps during a run stands in the memory of that run, never in itself or in the model.
"""
