"""Results that were computed once and need not be computed again, within a budget of bytes.

Invariant: an entry is immutable and is named by its signature alone; the cache never holds
more than its budget, and what it gives up first is what is cheapest to compute again.
"""
