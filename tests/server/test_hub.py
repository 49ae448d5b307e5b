"""Who hears what a node pack sends to all."""

from typing import Any, cast

import pytest

from engine.server.hub import Client, Hub


class Listener(Client):
    """A client that notes what it is sent."""

    def __init__(self, sid: str, watches: bool = False) -> None:
        super().__init__(sid, cast(Any, None), watches)
        self.heard: list[str | bytes] = []

    def post(self, payload: str | bytes, key: object = None) -> None:
        self.heard.append(payload)


@pytest.mark.parametrize(
    ("near", "hear"),
    [
        ("ann/one", ["ann/one", "ann/two", "admin/x"]),  # her own, and who watches all
        ("ben/gone", ["ben/one", "admin/x"]),
        ("plain", ["ann/one", "ann/two", "ben/one", "admin/x"]),  # no accounts: all means all
        (None, ["ann/one", "ann/two", "ben/one", "admin/x"]),
    ],
)
def test_all_are_those_of_the_person_whose_job_runs(near: str | None, hear: list[str]) -> None:
    hub, names = Hub(), ["ann/one", "ann/two", "ben/one"]
    clients = [*(Listener(name) for name in names), Listener("admin/x", watches=True)]
    for client in clients:
        hub.add(client)
    hub.send("pack.event", {"secret": 1}, None, near=near)
    assert [client.sid for client in clients if client.heard] == hear


def test_an_event_for_one_client_goes_to_that_one() -> None:
    hub, one, other = Hub(), Listener("ann/one"), Listener("ann/two")
    hub.add(one)
    hub.add(other)
    hub.send("pack.event", {}, "ann/two", near="ann/one")
    assert not one.heard and len(other.heard) == 1
