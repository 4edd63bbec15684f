"""What the tests of engines share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from syn0.sharing import shared


@pytest.fixture(autouse=True)
def nothing_shared() -> Iterator[None]:
    """Compile anew in each test: some of them change what is compiled."""
    shared.clear()
    yield
    shared.clear()
