"""The server that the browser tests drive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import LiveServer, serving

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser beside a server and a worker on two cores: one more try, told in the report."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server with a tiny random checkpoint under the shipped one's name."""
    with serving(tmp_path_factory.mktemp("live") / "base") as server:
        yield server
