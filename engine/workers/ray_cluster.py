"""Asks a Ray cluster which places it has, or starts one on this computer for trying out.

``python -m engine.workers.ray_cluster ADDRESS`` prints one line of JSON: the address for
bridges, and the places. A cluster that it started lives until its standard input ends.
"""

import json
import logging
import re
import sys
from typing import Any

_LOCAL = re.compile(r"ray://local(?:\[(\d+)\])?")
_REMOTE = re.compile(r"ray://(auto|[\w.-]+:\d+)")


def local_size(address: str) -> int | None:
    """How many workers ``ray://local[N]`` asks for; None if the address is another."""
    found = _LOCAL.fullmatch(address)
    return None if found is None else int(found[1] or 2)


def check(address: str) -> str:
    """The address, if it is one.

    Raises:
        ValueError: it is not; the text says what is allowed.
    """
    if _LOCAL.fullmatch(address) is None and _REMOTE.fullmatch(address) is None:
        allowed = "give ray://HOST:PORT, ray://auto on a computer of the cluster, or ray://local[2]"
        raise ValueError(f"--workers is '{address}'; {allowed}.")
    if local_size(address) == 0:
        raise ValueError(
            "--workers asks for a cluster without workers; give ray://local[1] or more."
        )
    return address


def places(nodes: list[dict[str, Any]]) -> list[dict[str, float]]:
    """One place for each GPU of the cluster; without any, one for each computer."""
    resources = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = sum(int(each.get("GPU", 0)) for each in resources)
    if gpus:
        return [{"cpus": 1, "gpus": 1}] * gpus
    return [{"cpus": each["CPU"], "gpus": 0} for each in resources if each.get("CPU", 0) >= 1]


def main(address: str) -> None:
    """Print what there is; keep what was started."""
    import ray

    size = local_size(address)
    if size is None:
        target = "auto" if address == "ray://auto" else address
        ray.init(target, logging_level=logging.WARNING)
        print(json.dumps({"address": target, "places": places(ray.nodes())}), flush=True)
        return
    context: Any = ray.init(
        "local",
        num_cpus=size,
        num_gpus=0,
        include_dashboard=False,
        logging_level=logging.WARNING,
        object_store_memory=128 << 20,
    )
    found = {
        "address": context.address_info["gcs_address"],
        "places": [{"cpus": 1, "gpus": 0}] * size,
    }
    print(json.dumps(found), flush=True)
    sys.stdin.read()
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
