"""A handful of node kinds for tests of the graph."""

from engine.graph.spec import InputSpec, NodeSpec, OutputSpec, index

IMAGE = (OutputSpec("IMAGE", "IMAGE"),)
SPECS = index(
    [
        NodeSpec("Source", "Source", "test", outputs=IMAGE),
        NodeSpec(
            "Mix",
            "Mix",
            "test",
            inputs=(
                InputSpec("a", "IMAGE"),
                InputSpec("b", "IMAGE", "optional"),
                InputSpec("factor", "FLOAT", options={"min": 0.0, "max": 1.0, "default": 0.5}),
            ),
            outputs=IMAGE,
        ),
        NodeSpec(
            "Sampler",
            "A Sampler",
            "test",
            inputs=(
                InputSpec("latent", "LATENT"),
                InputSpec("seed", "INT", options={"min": 0, "control_after_generate": True}),
                InputSpec("steps", "INT", options={"min": 1, "max": 100}),
                InputSpec("name", "COMBO", choices=("euler", "heun")),
                InputSpec("file", "COMBO", folder="checkpoints"),
                InputSpec("note", "STRING", "optional"),
            ),
            outputs=(OutputSpec("LATENT", "LATENT"),),
        ),
        NodeSpec("Empty", "Empty", "test", outputs=(OutputSpec("LATENT", "LATENT"),)),
        NodeSpec("Random", "Random", "test", outputs=IMAGE, idempotent=False),
        NodeSpec("Save", "Save", "test", inputs=(InputSpec("images", "IMAGE"),), is_output=True),
    ]
)


def list_files(folder: str) -> list[str]:
    """The files of every folder in these tests."""
    return ["base.safetensors", "tiny.safetensors"] if folder == "checkpoints" else []


def node(kind: str, **inputs: object) -> dict[str, object]:
    """An API-format node."""
    return {"class_type": kind, "inputs": inputs}


def chain(length: int) -> dict[str, object]:
    """Source, ``length`` Mix nodes in a row with a rung back to the one before, Save."""
    nodes: dict[str, object] = {"0": node("Source")}
    for i in range(1, length + 1):
        nodes[str(i)] = node("Mix", a=[str(i - 1), 0], b=[str(max(0, i - 2)), 0], factor=0.5)
    nodes["save"] = node("Save", images=[str(length), 0])
    return nodes
