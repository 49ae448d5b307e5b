"""The nodes that make what ControlNets read."""

from typing import Any

import pytest
import torch

from engine.media import hints, lines
from tests.nodes.conftest import CallNode

IMAGE = torch.rand(2, 20, 24, 3, generator=torch.Generator().manual_seed(0))


def test_drawings_come_as_pictures(call: CallNode) -> None:
    (art,) = call("LineartHint", image=IMAGE, sigma=2.0, threshold=0.03).values
    (lined,) = call(
        "ScribbleHint", image=IMAGE, source="picture", threshold=0.05, thickness=3
    ).values
    (drawn,) = call(
        "ScribbleHint", image=IMAGE, source="drawing", threshold=0.05, thickness=1
    ).values
    expected = (
        (art, lines.lineart(IMAGE, 2.0, 0.03)),
        (lined, lines.scribble(IMAGE, 0.05, 3)),
        (drawn, lines.strokes(IMAGE, 0.5)),
    )
    for found, drawing in expected:
        assert found.shape == IMAGE.shape
        assert all(torch.equal(found[..., c], drawing) for c in range(3))


@pytest.mark.parametrize("shows", ["luminance", "intensity"])
def test_recolour_keeps_brightness_and_bends_it(call: CallNode, shows: str) -> None:
    rule: Any = {"luminance": hints.lightness, "intensity": hints.intensity}[shows]
    (found,) = call("RecolorHint", image=IMAGE, shows=shows, gamma=2.0).values
    assert torch.allclose(found, (rule(IMAGE) ** 2)[..., None].expand_as(IMAGE))


def test_a_tile_loses_details(call: CallNode) -> None:
    (same,) = call("TileHint", image=IMAGE, factor=1.0).values
    (found,) = call("TileHint", image=IMAGE, factor=4.0).values
    assert same is IMAGE and found.shape == IMAGE.shape and found.std() < 0.5 * IMAGE.std()


def test_what_is_missing_is_marked(call: CallNode) -> None:
    (found,) = call("InpaintHint", image=IMAGE, mask=torch.ones(1, 20, 24)).values
    assert (found == -1).all()
