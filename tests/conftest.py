"""What all tests share: a fresh, printed seed, and how hypothesis draws."""

from __future__ import annotations

import os
import secrets
import signal
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from syn0.engines.llvm.compiling import jit
from syn0.sharing import shared

SEED = int(os.environ.get("SYN0_TEST_SEED") or secrets.randbits(32))

settings.register_profile(
    "syn0",
    deadline=None,  # a busy machine is no failure
    print_blob=True,  # so that a failure can be repeated elsewhere
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("syn0")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell does so for what it runs behind
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"samples drawn with SYN0_TEST_SEED={SEED}"


def seeded(*words: object) -> np.random.Generator:
    """Return the generator for a place in the tests; the header shows how to repeat it."""
    return np.random.default_rng([SEED, *(zlib.crc32(repr(word).encode()) for word in words)])


def drawn(options: Iterable[str], count: int) -> list[str]:
    """Return so many of a table's rows, other ones in each run; the soak tests have them all."""
    rows = list(options)
    return sorted(seeded(*rows).choice(rows, count, replace=False).tolist(), key=rows.index)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Numbers that are fresh in each run, of their own for each test."""
    return seeded(request.node.nodeid)


@pytest.fixture(autouse=True)
def nothing_shared(request: pytest.FixtureRequest) -> None:
    """Let each test draw and compile anew: some of them change what is compiled, or count it.

    Those of estimators do neither, and make hundreds of networks that are alike.
    """
    if not {"neural_network", "peers"}.intersection(request.path.parts):
        shared.clear()


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of LLVM or of the cache, by its identity."""
    wanted: list[str] = []
    load = jit._Linker._object

    def noted(linker: Any, identity: str, *arguments: Any) -> bytes:
        wanted.append(identity)
        return load(linker, identity, *arguments)

    monkeypatch.setattr(jit._Linker, "_object", noted)
    return wanted
