"""One server for the tests that do not harm it."""

from collections.abc import Iterator

import pytest

from tests.live import LiveServer, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server with the probe nodes."""
    with serving(tmp_path_factory.mktemp("server") / "base") as running:
        yield running
