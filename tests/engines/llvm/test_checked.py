"""The checked build: every access of compiled code is tested, and all stay where they should."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
from conftest import SEED
from fences import spread
from graphs import graphs
from hypothesis import HealthCheck, given, seed, settings
from test_guarded import plant
from test_random_graphs import check
from trainings import TESTS, Training, digest, python, some

from syn0.engines.llvm.compiling import checked
from syn0.engines.llvm.compiling.target import host
from syn0.engines.llvm.planning import arena

sys.path.insert(0, str(TESTS / "ops"))

import test_registry

pytestmark = pytest.mark.skipif(
    host() is None or checked.ENABLED, reason="the compiler does not know this processor"
)


def child(number: int, cases: int, drawn: int, layers: int) -> None:
    """Run samples of ops, of random graphs and of layers, every value apart from the others."""
    assert checked.ENABLED
    warnings.simplefilter("ignore")
    arena.place = lambda spans: spread(spans, "end")
    rng = np.random.default_rng(number)
    for case in rng.choice(len(test_registry.ALL), cases, replace=False):
        test_registry.test_engine_agrees_with_the_plain_values("llvm", test_registry.ALL[case])
    for kind in ({"updates": True}, {"dtype": "float32", "gradients": True}):
        few = settings(max_examples=drawn, database=None, suppress_health_check=[*HealthCheck])
        seed(number)(few(given(graphs(**kind))(check)))()
    for training in some(rng, layers):
        print(training.network, digest(training.run(threads=2, epochs=1)))
        training.run(epochs=1).predict(training.data()[0])


def test_nothing_is_out_of_bounds() -> None:
    script = f"import test_checked; test_checked.child({SEED}, 12, 6, 2)"
    lines = python(script, SYN0_CHECKED="1").splitlines()
    assert len(lines) == 2


def overrun(number: int) -> None:
    """Train with one call that writes one element too far."""
    warnings.simplefilter("ignore")
    arena.place = lambda spans: spread(spans, "end")
    rng = np.random.default_rng(number)
    chosen = plant(rng, 1)
    with pytest.raises(SystemError) as caught:
        Training("wide").run(threads=int(rng.integers(1, 3)))
    print(*chosen[:1], caught.value, sep="\n")


def test_one_element_too_far_is_named() -> None:
    script = f"import test_checked; test_checked.overrun({SEED})"
    value, message = python(script, SYN0_CHECKED="1").splitlines()
    assert f"of {value!r}, which has" in message
    assert "touched" in message


def test_the_bits_are_the_same_and_the_usual_build_has_no_tests() -> None:
    training = Training("Dense")
    line = "from trainings import *; print(digest(Training('Dense').run()), jit_text())"
    script = f"""
    from syn0.engines.llvm.kernels.gemm import gemm_kernel
    from syn0.engines.llvm.compiling.target import host
    def jit_text():
        return gemm_kernel("float32", 3, host()).make().count("call void @{checked.CHECK}(")
    {line}
    """
    here, none = python(script).split()
    there, some_ = python(script, SYN0_CHECKED="1").split()
    assert here == there == digest(training.run())
    assert int(none) == 0 < int(some_)
