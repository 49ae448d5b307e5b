"""Devices are named as people name them."""

import pytest

from engine.workers import seats


def test_several_on_the_cpu_share_its_cores() -> None:
    found = seats.seats(["cpu", "cpu", "cuda:0"], cores=8)
    assert [(seat.device, seat.threads) for seat in found] == [
        ("cpu", 4),
        ("cpu", 4),
        ("cuda:0", None),
    ]
    assert len({seat.name for seat in found}) == 3
    assert seats.seats(["auto"])[0].threads is None


def test_all_means_every_gpu_that_is_visible() -> None:
    assert seats.read_devices("all", {"CUDA_VISIBLE_DEVICES": "0,3"}) == ("cuda:0", "cuda:1")
    assert seats.read_devices("all", {"CUDA_VISIBLE_DEVICES": ""}) == ("auto",)


@pytest.mark.parametrize(
    ("text", "why"),
    [("gpu0", "'gpu0', which is no device"), ("cuda:x", "give devices such as"), ("", "''")],
)
def test_what_is_no_device_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        seats.read_devices(text)


def test_a_gpu_serves_one_worker() -> None:
    with pytest.raises(ValueError, match="twice"):
        seats.read_devices("cuda:0,cuda:0")
    assert seats.read_devices("cpu,cpu") == ("cpu", "cpu")
