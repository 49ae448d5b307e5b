"""What every test starts from."""

import random
import sys

import pytest


@pytest.fixture(autouse=True)
def _same_numbers_every_run() -> None:
    """Seed the generators, so that a bound a test states holds in each run or in none."""
    random.seed(0)
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(0)
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed(0)
