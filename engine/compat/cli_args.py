"""``comfy.cli_args``: flags, as packs read them.

Only what the engine knows differs from the defaults; a flag that it lacks is None.
"""

from enum import Enum
from typing import Any


class LatentPreviewMethod(Enum):
    """How pictures are shown while sampling."""

    NoPreviews = "none"
    Auto = "auto"
    Latent2RGB = "latent2rgb"
    TAESD = "taesd"


class _Args:
    """Flags by name; one that is not known is None."""

    listen = "127.0.0.1"
    port = 8188
    preview_method = LatentPreviewMethod.Latent2RGB
    preview_size = 512
    multi_user = False
    verbose = "INFO"
    deterministic = False
    disable_metadata = False
    disable_all_custom_nodes = False

    @property
    def cpu(self) -> bool:
        """Whether everything computes on the CPU."""
        from . import model_management

        return model_management.cpu_mode()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return None


args = _Args()
