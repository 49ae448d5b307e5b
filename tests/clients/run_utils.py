"""Run a workflow with comfyui-utils, which follows the websocket: ``... URL PROMPT_FILE``."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from comfyui_utils import comfy


class Printing(comfy.Callbacks):
    """Says what it is told."""

    async def queue_position(self, position: int) -> None:
        print("place", position)

    async def in_progress(self, node_id: int, progress: int, total: int) -> None:
        print("node", node_id, progress, total)

    async def completed(self, outputs: dict[str, Any], cached: bool) -> None:
        print("completed", outputs["images"][0]["type"], cached)


if __name__ == "__main__":
    prompt = json.loads(Path(sys.argv[2]).read_text())
    asyncio.run(comfy.ComfyAPI(sys.argv[1].removeprefix("http://")).submit(prompt, Printing()))
