"""The processor's mode: ours while compiled code runs, the caller's before and after."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.rounding import MXCSR, restore_rounding, set_rounding
from syn0.engines.llvm.compiling.target import Target, host, named, usable
from syn0.engines.llvm.ir import I32, PTR, Module, Type, literal

pytestmark = pytest.mark.skipif(
    not any(target.is_x86 for target in usable()), reason="only x86 has this register"
)

UPWARD = 0x1F80 | 0x4000
SPECIAL = [1e-40, -1e-40, 1e-20, 1.0, np.inf, -np.inf, np.nan, 3.0e38]


def code(set_it: bool, target: Target) -> str:
    """Return ``i64 both(values, mode, seen)``, whose callee multiplies eight values.

    The caller's mode is `mode` for a while; what stands after all is stored in `seen`.
    """
    eight = Type("float", 8)
    module = Module()
    inner = module.function("scale", [(PTR, "x")], linkage="internal")
    x = inner.load(inner.argument("x"), eight)
    inner.store(inner.binary("fmul", x, literal(np.float32(1.1), eight)), inner.argument("x"))
    middle = module.function("job", [(PTR, "x")], linkage="internal")
    saved = set_rounding(middle, target) if set_it else None
    middle.line(f"call void @scale({middle.argument('x')}) noinline")
    restore_rounding(middle, saved)
    outer = module.function("both", [(PTR, "x"), (PTR, "mode"), (PTR, "seen")], "i64")
    before = outer.value("alloca i32", PTR)
    outer.run("llvm.x86.sse.stmxcsr", (before,))
    outer.run("llvm.x86.sse.ldmxcsr", (outer.argument("mode"),))
    outer.line(f"call void @job({outer.argument('x')}) noinline")
    outer.run("llvm.x86.sse.stmxcsr", (outer.argument("seen"),))
    outer.run("llvm.x86.sse.ldmxcsr", (before,))
    outer.line("ret i64 0")
    return module.text()


def scaled(set_it: bool, mode: int) -> tuple[np.ndarray, int]:
    """Return the special values times 1.1, and the mode that stood afterwards."""
    target = host()
    assert target is not None
    address = jit.link_program(code(set_it, target), "both", {}, target)
    values, modes = np.array(SPECIAL, np.float32), np.array([mode, 0], np.uint32)
    both = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 3)(address)
    both(values.ctypes.data, modes.ctypes.data, modes.ctypes.data + 4)
    return values, int(modes[1])


@np.errstate(all="ignore")
def numpy_scaled() -> np.ndarray:
    return np.array(SPECIAL, np.float32) * np.float32(1.1)


def test_without_it_the_callers_mode_decides() -> None:
    assert np.array_equal(scaled(False, 0x1F80)[0], numpy_scaled(), equal_nan=True)
    upward = scaled(False, UPWARD)[0]
    assert upward[3] != numpy_scaled()[3] or upward[2] != numpy_scaled()[2]


@pytest.mark.parametrize("mode", [0x1F80, UPWARD, MXCSR, 0x1F80 | 0x2000, 0x1F80 | 0x6000])
def test_it_rounds_as_numpy_but_for_subnormal_numbers(mode: int) -> None:
    expected = numpy_scaled()
    expected[:2] = 0.0, -0.0
    values, after = scaled(True, mode)
    assert np.array_equal(values, expected, equal_nan=True)
    assert np.array_equal(np.signbit(values[:2]), [False, True])
    assert after & 0xFFC0 == mode & 0xFFC0  # beside what was noted of inexact results


def test_an_exception_that_the_caller_wants_does_not_interrupt() -> None:
    values, after = scaled(True, 0)  # every exception would end the process
    assert np.isnan(values[6]) and np.isinf(values[4])
    assert after & 0xFFC0 == 0


def test_python_goes_on_with_subnormal_numbers() -> None:
    scaled(True, 0x1F80)
    smallest = np.array([5e-324])
    assert (smallest * 1.0)[0] == 5e-324
    assert 5e-324 * 1.0 != 0.0


def test_where_there_is_no_such_register_nothing_is_written() -> None:
    f = Module().function("f", [])
    saved = set_rounding(f, named("neon"))
    restore_rounding(f, saved)
    assert saved is None and f.lines == []
    f = Module().function("f", [])
    assert set_rounding(f, named("avx2")) is not None
    assert literal(MXCSR, I32).text == str(0x9FC0)
