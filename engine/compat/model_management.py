"""``comfy.model_management``: devices, types and memory, as packs ask for them.

Networks live in :mod:`engine.diffusion.residency`, which decides by itself what is where; what
packs say about that is a hint that is followed by giving memory up, never by moving networks
under others' feet.
"""

import gc
import os
from enum import Enum
from typing import Any

import torch

from engine.diffusion import residency
from engine.errors import Interrupted as InterruptProcessingException
from engine.memory import host_memory

from . import state

OOM_EXCEPTION = torch.cuda.OutOfMemoryError
XFORMERS_IS_AVAILABLE = False
DISABLE_SMART_MEMORY = False
FLOAT8_TYPES = [torch.float8_e4m3fn, torch.float8_e5m2]


class VRAMState(Enum):
    """How much of the device is to be used."""

    DISABLED = 0
    NO_VRAM = 1
    LOW_VRAM = 2
    NORMAL_VRAM = 3
    HIGH_VRAM = 4
    SHARED = 5


class CPUState(Enum):
    """Where computing happens."""

    GPU = 0
    CPU = 1
    MPS = 2


#: Networks that packs loaded themselves; ours are in the ledger.
current_loaded_models: list[Any] = []


def get_torch_device() -> torch.device:
    """Where networks compute."""
    return residency.residency().device


def _host() -> torch.device:
    return torch.device("cpu")


def unet_offload_device() -> torch.device:
    """Where a network waits."""
    return _host()


def unet_inital_load_device(parameters: int, dtype: torch.dtype) -> torch.device:
    """Where to load a network first."""
    return _host()


def text_encoder_device() -> torch.device:
    """Where text encoders compute."""
    return get_torch_device()


def text_encoder_offload_device() -> torch.device:
    """Where they wait."""
    return _host()


def vae_device() -> torch.device:
    """Where autoencoders compute."""
    return get_torch_device()


def vae_offload_device() -> torch.device:
    """Where they wait."""
    return _host()


def intermediate_device() -> torch.device:
    """Where pictures and masks are between nodes."""
    return _host()


def get_torch_device_name(device: torch.device) -> str:
    """A name for people."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)


def is_device_type(device: Any, type: str) -> bool:
    """Whether a device is of this type."""
    return getattr(device, "type", None) == type


def is_device_cpu(device: Any) -> bool:
    """Whether it is the CPU."""
    return is_device_type(device, "cpu")


def is_device_mps(device: Any) -> bool:
    """Whether it is Apple's."""
    return is_device_type(device, "mps")


def is_device_cuda(device: Any) -> bool:
    """Whether it is a CUDA device."""
    return is_device_type(device, "cuda")


def cpu_mode() -> bool:
    """Whether everything computes on the CPU."""
    return is_device_cpu(get_torch_device())


def is_nvidia() -> bool:
    """Whether the device is NVIDIA's."""
    return is_device_cuda(get_torch_device()) and torch.version.cuda is not None


def is_amd() -> bool:
    """Whether the device is AMD's."""
    return is_device_cuda(get_torch_device()) and torch.version.hip is not None


def is_intel_xpu() -> bool:
    """Whether the device is Intel's."""
    return is_device_type(get_torch_device(), "xpu")


def get_autocast_device(dev: Any) -> str:
    """The name that autocast has for a device."""
    return str(dev.type) if hasattr(dev, "type") else "cuda"


def get_total_memory(dev: Any = None, torch_total_too: bool = False) -> Any:
    """Bytes of a device."""
    total = _memory(dev)[1]
    return (total, total) if torch_total_too else total


def get_free_memory(dev: Any = None, torch_free_too: bool = False) -> Any:
    """Free bytes of a device."""
    free = _memory(dev)[0]
    return (free, free) if torch_free_too else free


def _memory(dev: Any) -> tuple[int, int]:
    device = get_torch_device() if dev is None else dev
    if is_device_cuda(device):
        return torch.cuda.mem_get_info(device)
    total, free = host_memory()
    return free, total


def minimum_inference_memory() -> int:
    """Bytes that computing needs at least."""
    return 1 << 30


def maximum_vram_for_weights(device: Any = None) -> int:
    """Bytes that weights may take."""
    return residency.residency().budget


def free_memory(memory_required: float, device: Any, keep_loaded: Any = ()) -> list[Any]:
    """Make room on a device; weights and cached memory are given up if it is short."""
    if get_free_memory(device) < memory_required:
        residency.unload_all()
        soft_empty_cache()
    return []


def load_models_gpu(models: Any, memory_required: float = 0, **more: Any) -> None:
    """Nothing to do: a network is loaded when it is called."""


def load_model_gpu(model: Any) -> None:
    """Nothing to do: a network is loaded when it is called."""


def unload_all_models() -> None:
    """Give up all networks."""
    residency.unload_all()


def cleanup_models(*args: Any) -> None:
    """Collect what nobody uses."""
    gc.collect()


cleanup_models_gc = cleanup_models


def soft_empty_cache(force: bool = False) -> None:
    """Give memory that is free back to the device."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.ipc_collect()  # type: ignore[no-untyped-call]


def dtype_size(dtype: torch.dtype) -> int:
    """Bytes of one number."""
    return dtype.itemsize


def module_size(module: torch.nn.Module) -> int:
    """Bytes of a network's weights."""
    return sum(t.nelement() * t.element_size() for t in module.state_dict().values())


def unet_dtype(*args: Any, **kwargs: Any) -> torch.dtype:
    """The type that a U-Net computes in."""
    return residency.choose_dtype("diffusion", get_torch_device())


def text_encoder_dtype(device: Any = None) -> torch.dtype:
    """The type that text encoders compute in."""
    return residency.choose_dtype("text", device or get_torch_device())


def vae_dtype(device: Any = None, allowed_dtypes: Any = ()) -> torch.dtype:
    """The type that autoencoders compute in."""
    chosen = residency.choose_dtype("vae", device or get_torch_device())
    return chosen if not allowed_dtypes or chosen in allowed_dtypes else torch.float32


def unet_manual_cast(
    weight_dtype: Any, inference_device: Any, supported_dtypes: Any = ()
) -> torch.dtype | None:
    """The type to cast weights to in each call; None computes in their own."""
    if weight_dtype in (torch.float32, torch.float64):
        return None
    wanted = residency.choose_dtype("diffusion", inference_device)
    return None if weight_dtype == wanted else wanted


def should_use_fp16(device: Any = None, *args: Any, **kwargs: Any) -> bool:
    """Whether half precision is faster there and safe."""
    return is_device_cuda(device or get_torch_device())


def should_use_bf16(device: Any = None, *args: Any, **kwargs: Any) -> bool:
    """Whether bfloat16 is faster there."""
    return residency.choose_dtype("diffusion", device or get_torch_device()) is torch.bfloat16


def supports_fp8_compute(device: Any = None) -> bool:
    """Whether the device multiplies eight-bit numbers."""
    chosen = device or get_torch_device()
    return is_device_cuda(chosen) and torch.cuda.get_device_capability(chosen) >= (8, 9)


def supports_dtype(device: Any, dtype: torch.dtype) -> bool:
    """Whether a device computes in a type."""
    return dtype in (torch.float32, torch.float16, torch.bfloat16)


def supports_cast(device: Any, dtype: torch.dtype) -> bool:
    """Whether a device converts to a type."""
    return dtype.is_floating_point


def device_supports_non_blocking(device: Any) -> bool:
    """Whether copies to it may go on in the background."""
    return is_device_cuda(device)


def force_channels_last() -> bool:
    """Whether channels come last in memory."""
    return residency.residency().limits.channels_last


def cast_to(
    weight: torch.Tensor,
    dtype: torch.dtype | None = None,
    device: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    stream: Any = None,
) -> torch.Tensor:
    """A tensor in another type or on another device."""
    return weight.to(device=device, dtype=dtype, non_blocking=non_blocking, copy=copy)


def cast_to_device(
    tensor: torch.Tensor, device: Any, dtype: torch.dtype, copy: bool = False
) -> torch.Tensor:
    """A tensor on another device, in another type."""
    return tensor.to(device=device, dtype=dtype, copy=copy)


def xformers_enabled() -> bool:
    """Whether xformers computes attention; torch does."""
    return False


xformers_enabled_vae = xformers_enabled


def pytorch_attention_enabled() -> bool:
    """Whether torch computes attention."""
    return True


pytorch_attention_enabled_vae = pytorch_attention_enabled
pytorch_attention_flash_attention = pytorch_attention_enabled


def directml_enabled() -> bool:
    """Whether DirectML is used."""
    return False


def throw_exception_if_processing_interrupted() -> None:
    """Stop here if the user wants that.

    Raises:
        InterruptProcessingException: the run was cancelled.
    """
    if (ctx := state.context()) is not None:
        ctx.check()


def processing_interrupted() -> bool:
    """Whether the user wants the run to stop."""
    try:
        throw_exception_if_processing_interrupted()
    except InterruptProcessingException:
        return True
    return False


def resolve_lowvram_weight(weight: torch.Tensor, model: Any, key: str) -> torch.Tensor:
    """A weight as it is: all are where they are needed."""
    return weight


def mac_version() -> tuple[int, ...] | None:
    """The version of macOS; None elsewhere."""
    import platform

    text = platform.mac_ver()[0] if os.name == "posix" else ""
    return tuple(int(n) for n in text.split(".")) if text else None


def _fall_back(name: str) -> Any:
    """Values that depend on the device, and names that are missing."""
    from .missing import Missing

    if name == "cpu_state":
        return CPUState.CPU if cpu_mode() else CPUState.GPU
    if name == "vram_state":
        return VRAMState.DISABLED if cpu_mode() else VRAMState.NORMAL_VRAM
    if name == "total_vram":
        return get_total_memory() / 2**20
    if name.startswith("__"):
        raise AttributeError(name)
    return Missing(f"comfy.model_management.{name}")
