"""A pack of schema nodes (V3), as people write them."""

import asyncio
from enum import Enum

import folder_paths
import torch
from comfy_api.latest import ComfyAPI, ComfyExtension, io, ui

api = ComfyAPI()
LOADED = []


class Mode(Enum):
    plus = "plus"
    minus = "minus"


class Calculate(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="SchemaCalculate",
            display_name="Calculate",
            category="schema/math",
            description="Adds or subtracts.",
            search_aliases=["sum"],
            inputs=[
                io.Int.Input("a", default=1, min=0, max=9, display_mode=io.NumberDisplay.slider),
                io.Float.Input("b", default=0.5, step=0.1, optional=True, tooltip="The second."),
                io.Combo.Input("mode", options=Mode),
                io.Combo.Input("lora", options=folder_paths.get_filename_list("loras")),
                io.MultiType.Input("any", types=[io.Image, io.Mask], optional=True),
            ],
            outputs=[io.Float.Output(display_name="result"), io.String.Output("text")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def validate_inputs(cls, a):
        return True if a != 7 else "a must not be seven"

    @classmethod
    def fingerprint_inputs(cls, **inputs):
        return inputs["a"]

    @classmethod
    async def execute(cls, a, mode, lora, b=0.5, any=None):
        await api.execution.set_progress(1, 2)
        await asyncio.sleep(0)
        value = a + b if mode == "plus" else a - b
        return io.NodeOutput(value, f"{cls.hidden.unique_id}: {value}", ui=ui.PreviewText("done"))


class Grow(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        template = io.Autogrow.TemplatePrefix(io.Image.Input("image"), prefix="image", min=1, max=3)
        method = io.DynamicCombo.Input(
            "method",
            options=[
                io.DynamicCombo.Option("scale", [io.Float.Input("factor", default=2.0)]),
                io.DynamicCombo.Option("size", [io.Int.Input("width"), io.Int.Input("height")]),
            ],
        )
        return io.Schema(
            node_id="SchemaGrow",
            inputs=[io.Autogrow.Input("images", template=template), method],
            outputs=[io.AnyType.Output()],
        )

    @classmethod
    def execute(cls, images, method):
        return io.NodeOutput((sorted(images), method))


class Pick(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        same = io.MatchType.Template("T", [io.Image, io.Latent])
        return io.Schema(
            node_id="SchemaPick",
            inputs=[
                io.Boolean.Input("first", default=True, label_on="first", label_off="second"),
                io.MatchType.Input("one", template=same, lazy=True),
                io.MatchType.Input("two", template=same, lazy=True),
            ],
            outputs=[io.MatchType.Output(template=same, display_name="chosen")],
        )

    @classmethod
    def check_lazy_status(cls, first, one=None, two=None):
        name, value = ("one", one) if first else ("two", two)
        return [name] if value is None else []

    @classmethod
    def execute(cls, first, one=None, two=None):
        if first and two is not None:
            cls.last = one
        return io.NodeOutput(one if first else two)


class Show(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="SchemaShow",
            inputs=[io.Int.Input("size", default=8), io.String.Input("stop", default="")],
            outputs=[io.Image.Output()],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, size, stop):
        if stop:
            return io.NodeOutput(block_execution=stop)
        image = torch.zeros(1, size, size, 3)
        return io.NodeOutput(image, ui=ui.PreviewImage(image, cls=cls))


class Pack(ComfyExtension):
    async def on_load(self):
        LOADED.append(True)
        old = io.NodeReplace(
            new_node_id="SchemaCalculate",
            old_node_id="SchemaSum",
            old_widget_ids=["first", "second"],
            input_mapping=[
                {"new_id": "a", "old_id": "first"},
                {"new_id": "b", "old_id": "second"},
                {"new_id": "mode", "set_value": "plus"},
            ],
            output_mapping=[{"new_idx": 1, "old_idx": 0}],
        )
        await api.node_replacement.register(old)

    async def get_node_list(self):
        return [Calculate, Grow, Pick, Show]


async def comfy_entrypoint():
    return Pack()
