"""The server that the browser tests drive."""

from collections.abc import Iterator

import pytest

from tests.live import LiveServer, serving


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server with a tiny random checkpoint under the shipped one's name."""
    with serving(tmp_path_factory.mktemp("live") / "base") as server:
        yield server
