"""What all tests share: a fresh, printed seed, and how hypothesis draws."""

from __future__ import annotations

import gc
import os
import secrets
import signal
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from syn0.engines.llvm.compiling import jit
from syn0.sharing import shared

SEED = int(os.environ.get("SYN0_TEST_SEED") or secrets.randbits(32))
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["SYN0_TEST_SEED"] = str(SEED)  # for the workers, which must choose the same cases

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


@pytest.hookimpl(trylast=True)  # after what -k leaves
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep of each test that is `sampled` so many cases, other ones in each run.

    ``SYN0_ALL_CASES=1`` keeps them all, as the soak tests do.
    """
    if os.environ.get("SYN0_ALL_CASES"):
        return
    cases: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("sampled"):
            cases.setdefault((item.path, item.name.split("[")[0]), []).append(item)
    left: set[pytest.Item] = set()
    for (path, name), same in cases.items():
        (count,) = same[0].get_closest_marker("sampled").args  # type: ignore[union-attr]
        chosen = seeded(path.name, name).permutation(len(same))[count:]
        left |= {same[i] for i in chosen}
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=list(left))


def pytest_collection_finish() -> None:
    """Look less often for garbage among all that the tests are: a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


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
