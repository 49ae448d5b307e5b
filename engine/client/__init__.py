"""A typed client of a Latent Loom server; works with every server that speaks the same routes.

    from engine.client import Client

    with Client("http://127.0.0.1:8188") as loom:
        result = loom.run("workflows/default.json", {"Prompt.text": "a red apple"})
        loom.save(result.files[0], "apple.png")

``AsyncClient`` is the same with ``await``, and also tells every event of a run.
"""

from .asynchronous import AsyncClient
from .blocking import Client
from .messages import ClientError, Event, Job, Preview, Result, ServerFile

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Event",
    "Job",
    "Preview",
    "Result",
    "ServerFile",
]
