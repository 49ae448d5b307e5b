"""Running a prompt: planning, lanes, calls, events, cancellation.

Invariant: a plain library. It knows graphs, nodes and the cache, but no tensors, no HTTP and
no processes; everything that happens is told through events, in order.
"""
