"""What the adapters' tests share: a real server on loopback, and the recorded shapes when they are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.outside import Outside, running


@pytest.fixture
def outside() -> Iterator[Outside]:
    with running() as server:
        yield server


@pytest.fixture
def recorded() -> Path:
    """The folder of recorded payloads beside the market data; a visible skip without it."""
    data = os.environ.get("TUNEFOLIO_DATA")
    folder = Path(data).parent / "fixtures" / "wire" if data else None
    if folder is None or not folder.is_dir():
        pytest.skip("no recorded payloads beside TUNEFOLIO_DATA")
    return folder
