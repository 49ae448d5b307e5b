"""Run a workflow with comfy-api-simplified: ``run_simplified.py URL PROMPT_FILE``."""

import sys

from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper


def main(url: str, file: str) -> None:
    """Change two values, run, and print the name and the first bytes of each result."""
    api, workflow = ComfyApiWrapper(url), ComfyWorkflowWrapper(file)
    workflow.set_node_param("Positive", "text", "a green apple")
    workflow.set_node_param("KSampler", "seed", 7)
    for name, picture in api.queue_and_wait_images(workflow, "Save Image").items():
        print(name, picture[:8])


if __name__ == "__main__":
    main(*sys.argv[1:])
