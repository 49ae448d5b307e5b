"""Other meanings of noise levels, put on a model by nodes."""

from typing import Any

import pytest

from engine.diffusion.parameterization import ContinuousEDM, ContinuousV, Discrete, RectifiedEDM
from tests.nodes.conftest import CallNode

DISCRETE = {"sampling": "v_prediction", "zsnr": True}
LEVELS = {"sigma_max": 80.0, "sigma_min": 0.01}


@pytest.mark.parametrize(
    ("id", "inputs", "expected"),
    [
        ("Discrete", DISCRETE, Discrete(prediction="v", zero_terminal=True)),
        ("Discrete", {"sampling": "lcm", "zsnr": False}, Discrete(prediction="lcm", kept=50)),
        ("Discrete", {"sampling": "x0", "zsnr": False}, Discrete(prediction="x0")),
        ("Discrete", {"sampling": "img_to_img", "zsnr": False}, Discrete(prediction="image")),
        ("ContinuousEDM", {"sampling": "edm", **LEVELS}, ContinuousEDM(0.01, 80.0)),
        (
            "ContinuousEDM",
            {"sampling": "edm_playground_v2.5", **LEVELS},
            ContinuousEDM(0.01, 80.0, "edm", 0.5),
        ),
        ("ContinuousEDM", {"sampling": "cosmos_rflow", **LEVELS}, RectifiedEDM(0.01, 80.0)),
        ("ContinuousV", {"sampling": "v_prediction", **LEVELS}, ContinuousV(0.01, 80.0)),
    ],
)
def test_levels_and_prediction(
    call: CallNode, id: str, inputs: dict[str, Any], expected: Any
) -> None:
    """Nothing else of the model changes, and its weights are shared."""
    model = call("CheckpointLoaderSimple", ckpt_name="tiny.safetensors").values[0]
    (changed,) = call(f"ModelSampling{id}", model=model, **inputs).values
    assert changed.sampling == expected
    assert changed.weights is model.weights and changed.latent_format == model.latent_format
