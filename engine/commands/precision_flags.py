"""The flags that say in which precision networks compute, and how much memory weights may fill."""

import argparse
from typing import Any

#: Networks as flags name them, and as weights know their role.
ROLES = {"unet": "diffusion", "vae": "vae", "text-enc": "text"}
PRECISIONS = ("fp32", "bf16", "fp16")
EIGHT_BITS, KEPT = ("fp8_e4m3fn", "fp8_e5m2"), ("unet", "text-enc")
BACKENDS = ("inductor", "cudagraphs")
#: Part of a device's memory that weights may fill, by the flag that asks for it.
SHARES = {"gpu_only": 0.9, "highvram": 0.9, "normalvram": 0.6, "lowvram": 0.3, "novram": 0.0}


def add_precision(parser: argparse.ArgumentParser) -> None:
    """Flags of all commands that compute."""
    group = parser.add_argument_group(
        "precision and memory of networks",
        "Without these each network computes in half precision where the device does so well. "
        "The layers of a network that is larger than its share of a GPU come when they are called.",
    )
    whole = group.add_mutually_exclusive_group()
    for precision in ("fp32", "fp16"):
        whole.add_argument(
            f"--force-{precision}", action="store_true", help=f"all networks in {precision}"
        )
    for name in ROLES:
        choice = group.add_mutually_exclusive_group()
        for precision in PRECISIONS:
            choice.add_argument(
                f"--{precision}-{name}", action="store_true", help=f"the {name} in {precision}"
            )
        for kept in EIGHT_BITS if name in KEPT else ():
            text = f"keep the matrices of the {name} in {kept}, a quarter of fp32, and widen them"
            choice.add_argument(f"--{kept}-{name}", action="store_true", help=text)
    group.add_argument("--cpu-vae", action="store_true", help="the vae on the CPU")
    amount = group.add_mutually_exclusive_group()
    for flag, share in SHARES.items():
        name, part = flag.replace("_", "-"), f"up to {share:g} of the device's memory for weights"
        text = "keep next to nothing: layers come when they are called" if share == 0 else part
        amount.add_argument(f"--{name}", action="store_true", help=text)
    group.add_argument(
        "--reserve-vram",
        type=_gigabytes,
        default=0.0,
        metavar="GB",
        help="memory of the device that weights leave to others (default: 0)",
    )
    group.add_argument(
        "--disable-smart-memory",
        action="store_true",
        help="give up all networks when no job is left",
    )
    group.add_argument(
        "--force-channels-last",
        action="store_true",
        help="store convolutions with their channels innermost, which some GPUs are faster with",
    )
    group.add_argument(
        "--compile",
        choices=BACKENDS,
        default="",
        help="run all denoisers through torch.compile: minutes before the first step, then faster",
    )
    group.add_argument(
        "--deterministic",
        action="store_true",
        help="only algorithms that give the same bits each time, where there are any",
    )


def _gigabytes(text: str) -> float:
    amount = float(text)
    if not 0 <= amount < 2**20:
        raise argparse.ArgumentTypeError(f"{text} is no amount of memory; give 0 or more, in GB")
    return amount


def precision_of(args: argparse.Namespace) -> dict[str, Any]:
    """Fields of the worker's configuration that the flags set."""
    chosen = {role: "" for role in ROLES.values()}
    if args.force_fp32 or args.force_fp16:
        forced = "fp32" if args.force_fp32 else "fp16"
        chosen = dict.fromkeys([*ROLES.values(), "upscale"], forced)
    for name, role in ROLES.items():
        for precision in PRECISIONS:
            if getattr(args, f"{precision}_{name}".replace("-", "_")):
                chosen[role] = precision
    kept = {
        ROLES[name]: form
        for name in KEPT
        for form in EIGHT_BITS
        if getattr(args, f"{form}_{name}".replace("-", "_"))
    }
    share = next((s for flag, s in SHARES.items() if getattr(args, flag)), None)
    return {
        "precision": {role: precision for role, precision in chosen.items() if precision},
        "weights_share": share,
        "reserved_bytes": int(args.reserve_vram * 2**30),
        "kept": kept,
        "on_host": ("vae",) if args.cpu_vae else (),
        "channels_last": args.force_channels_last,
        "compiled": args.compile,
        "deterministic": args.deterministic,
        "unload_after": args.disable_smart_memory,
    }
