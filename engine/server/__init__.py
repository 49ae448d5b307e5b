"""The server: HTTP and websocket, one file a resource.

Invariant: it never imports torch or node packs, checks the shape and size of everything that
comes in, and answers bad input with 4xx and a sentence that says what to do.
"""
