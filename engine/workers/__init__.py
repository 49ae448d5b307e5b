"""Worker processes: the only place where torch and node packs live.

Invariant: server and worker share no memory and no code path but the messages of
``protocol``; either may die at any moment without taking the other along.
"""
