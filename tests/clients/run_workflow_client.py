"""Run a workflow with comfyui-workflow-client, both ways: ``... URL PROMPT_FILE``."""

import asyncio
import sys

from comfyuiclient import ComfyUIClient, ComfyUIClientAsync


def blocking(address: str, file: str) -> None:
    """Over HTTP alone."""
    client = ComfyUIClient(address, file)
    client.connect()
    client.set_data(key="KSampler", seed=11)
    for title, picture in client.generate(["Save Image"]).items():
        print(title, picture.size)
    client.close()


async def awaiting(address: str, file: str) -> None:
    """With a websocket."""
    client = ComfyUIClientAsync(address, file)
    await client.connect()
    await client.set_data(key="KSampler", seed=12)
    for title, picture in (await client.generate(["Save Image"])).items():
        print(title, picture.size)
    await client.close()


if __name__ == "__main__":
    where, prompt = sys.argv[1].removeprefix("http://"), sys.argv[2]
    blocking(where, prompt)
    asyncio.run(awaiting(where, prompt))
