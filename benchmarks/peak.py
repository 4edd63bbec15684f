"""The peak of the machine: fused multiply-adds that touch nothing but registers.

The loop is a contender like any other, so that it is timed between them, at the clock and
under the load that they have.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from syn0.engines.llvm.ir import I64, PTR, Module, Type, Value, literal

CHAINS = 12  # independent sums: more than latency times units, and fewer than registers
TURNS = 400_000


def loop_text(lanes: int) -> str:
    """Return a function that makes `turns` multiply-adds in each chain."""
    module = Module()
    function = module.function("multiply_add", [(I64, "turns"), (PTR, "result")])
    kind = Type("float", lanes)
    factor = literal(0.5, kind)
    starts = [literal(float(i), kind) for i in range(CHAINS)]
    with function.loop(0, function.argument("turns"), carried=starts) as loop:
        loop.carry(*(function.fma(x, factor, factor) for x in loop.carried))
    total: Value = loop.carried[0]
    for x in loop.carried[1:]:
        total = function.binary("fadd", total, x)
    function.store(total, function.argument("result"))
    return module.text()


class Peak:
    """The loop on several threads at once; a run does `TURNS` in each."""

    def __init__(self, threads: int) -> None:
        self.lanes, address, self._kept = _compiled()
        self.call: Callable[..., None] = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p)(
            address
        )
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads)

    @property
    def flops(self) -> int:
        """Floating-point operations of one run."""
        return 2 * self.lanes * CHAINS * TURNS * self.threads

    def run(self, times: int) -> None:
        """Run the loop on all threads."""
        list(self._pool.map(self._work, [times * TURNS] * self.threads))

    def _work(self, turns: int) -> None:
        self.call(turns, (ctypes.c_float * self.lanes)())


def _compiled() -> tuple[int, int, Any]:
    """Return the lanes of a register, the loop's address, and what must not be collected."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    lanes = 16 if features.get("avx512f") else 8 if features.get("avx2") else 4
    target = llvm.Target.from_default_triple()
    wide = features.flatten() + (",-prefer-256-bit" if lanes == 16 else "")
    machine = target.create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=wide, opt=2, codemodel="small", reloc="pic", jit=True
    )
    module = llvm.parse_assembly(loop_text(lanes))
    module.verify()
    jit = llvm.create_lljit_compiler(machine, use_jit_link=True)
    builder = llvm.JITLibraryBuilder().add_object_img(machine.emit_object(module))
    library = builder.export_symbol("multiply_add").link(jit, "peak")
    return lanes, library["multiply_add"], (jit, library)
