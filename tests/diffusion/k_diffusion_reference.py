"""k-diffusion's sampling module, loaded alone: the package imports more than is needed here."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from torch import Tensor


def load_k_diffusion() -> ModuleType:
    """The module ``k_diffusion.sampling``; skips the test if the package is not installed."""
    package = importlib.util.find_spec("k_diffusion")
    if package is None or package.origin is None:
        pytest.skip("k-diffusion is not installed (pip install --no-deps k-diffusion)")
    path = Path(package.origin).with_name("sampling.py")
    spec = importlib.util.spec_from_file_location("k_alone.sampling", path)
    assert spec and spec.loader
    utils, ode, parent = (ModuleType(n) for n in ("k_alone.utils", "torchdiffeq", "k_alone"))
    utils.append_dims = _append_dims  # type: ignore[attr-defined]
    ode.odeint = None  # type: ignore[attr-defined]
    parent.utils = utils  # type: ignore[attr-defined]
    for stub in (parent, utils, ode):
        sys.modules.setdefault(stub.__name__, stub)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _append_dims(x: Tensor, n: int) -> Tensor:
    return x[(...,) + (None,) * (n - x.ndim)]
