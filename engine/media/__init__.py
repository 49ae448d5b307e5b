"""Pictures to and from files: pixels, names, the workflow inside, previews.

Invariant: in memory a picture is a float32 tensor ``b h w c`` in 0..1 and a mask ``b h w``; a
file that is being written is never seen half done.
"""
