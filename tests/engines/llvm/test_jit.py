"""Compiling and linking: once, checked, from the cache where it can be."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.object_cache import ObjectCache
from syn0.engines.llvm.compiling.target import Target, host, named, usable
from syn0.engines.llvm.kernel import Kernel, symbol_of

FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


@pytest.fixture
def target() -> Target:
    found = host()
    assert found is not None
    return found


@pytest.fixture
def number() -> int:
    """A number that no kernel of this process was made for."""
    return next(_NUMBERS)


_NUMBERS = iter(range(10_000, 20_000))


def adding(number: int, made: list[int] | None = None) -> Kernel:
    """Return a kernel that adds a number; making its text is noted."""
    symbol = symbol_of("adding", number)

    def make() -> str:
        if made is not None:
            made.append(number)
        return f"define i64 @{symbol}(i64 %x) {{\n  %r = add i64 %x, {number}\n  ret i64 %r\n}}\n"

    return Kernel(symbol, make)


def linked(kernel: Kernel, target: Target) -> Callable[[int], int]:
    return FUNCTION(jit.addresses([kernel], target)[kernel.symbol])


def test_kernels_are_made_once_and_stay_where_they_are(target: Target, number: int) -> None:
    made: list[int] = []
    kernels = [adding(number + offset, made) for offset in (0, 1, 0)]
    first = jit.addresses(kernels, target)
    assert jit.addresses(kernels[::-1], target) == first
    assert len(first) == 2 and len(made) <= 2  # none if an earlier run left them on disk
    gc.collect()
    for _ in range(20):  # more libraries do not move it
        jit.addresses([adding(next(_NUMBERS))], target)
    assert [FUNCTION(first[k.symbol])(5) for k in kernels] == [number + n for n in (5, 6, 5)]


def test_each_vector_width_of_this_machine_runs(number: int) -> None:
    for target in usable():
        assert linked(adding(number), target)(1) == number + 1


MALFORMED = {
    "no such instruction": "  %r = plus i64 %x, 1\n  ret i64 %r\n",
    "wrong type": "  %r = fadd i64 %x, 1\n  ret i64 %r\n",
    "used before it is made": (
        "  br label %b\nb:\n  ret i64 %y\nc:\n  %y = add i64 %x, 1\n  br label %b\n"
    ),
    "no end": "  %r = add i64 %x, 1\n",
}


@pytest.mark.parametrize("fault", MALFORMED)
def test_malformed_text_is_an_error_and_no_crash(fault: str, target: Target, number: int) -> None:
    symbol = f"malformed_{number}"
    bad = Kernel(symbol, lambda: f"define i64 @{symbol}(i64 %x) {{\n{MALFORMED[fault]}}}\n")
    with pytest.raises(RuntimeError):
        jit.addresses([adding(number), bad], target)
    assert linked(adding(number), target)(1) == number + 1


def test_a_kernel_under_a_wrong_symbol_is_an_error(target: Target, number: int) -> None:
    with pytest.raises(RuntimeError):
        jit.addresses([Kernel(f"wrong_{number}", adding(number).make)], target)


# ----- what a kernel may call


def exponential(lanes: int) -> Kernel:
    kind = f"<{lanes} x float>"
    text = (
        f"declare {kind} @llvm.exp.v{lanes}f32({kind})\ndefine {kind} @f({kind} %x) {{\n"
        f"  %r = call {kind} @llvm.exp.v{lanes}f32({kind} %x)\n  ret {kind} %r\n}}\n"
    )
    return Kernel("f", lambda: text)


@pytest.mark.parametrize("name", ["avx512", "avx2", "neon"])
def test_a_hidden_call_of_libm_is_seen(name: str) -> None:
    assert jit.outside_calls(exponential(16), named(name)) == {"expf"}
    helper = (
        "define internal i64 @g(i64 %x) noinline {\n  %r = mul i64 %x, %x\n  ret i64 %r\n}\n"
        "define i64 @f(i64 %x) {\n"
        "  %y = call i64 @g(i64 %x)\n  %r = add i64 %y, 1\n  ret i64 %r\n}\n"
    )
    assert jit.outside_calls(Kernel("f", lambda: helper), named(name)) == set()


@pytest.mark.parametrize("optimize", [False, True])
def test_a_program_calls_kernels_and_clears_memory(
    optimize: bool, target: Target, number: int
) -> None:
    kernel = adding(number)
    text = (
        f"declare i64 @{kernel.symbol}(i64)\ndeclare void @llvm.memset.p0.i64(ptr, i8, i64, i1)\n"
        "define i64 @program(ptr %m, i64 %n) {\n"
        "  call void @llvm.memset.p0.i64(ptr %m, i8 0, i64 %n, i1 false)\n"
        f"  %r = call i64 @{kernel.symbol}(i64 %n)\n  ret i64 %r\n}}\n"
    )
    imports = jit.addresses([kernel], target)
    address = jit.link_program(text, "program", imports, target, optimize=optimize)
    assert jit.link_program(text, "program", imports, target, optimize=optimize) == address
    memory = np.full(100, 7, np.uint8)
    program = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)(address)
    assert program(memory.ctypes.data, 60) == number + 60
    assert np.array_equal(np.flatnonzero(memory), np.arange(60, 100))


def test_one_text_links_to_each_set_of_kernels(target: Target, number: int) -> None:
    text = (
        "declare i64 @callee(i64)\ndefine i64 @program(i64 %x) {\n"
        "  %r = call i64 @callee(i64 %x)\n  ret i64 %r\n}\n"
    )
    for kernel in (adding(number), adding(number + 5000)):
        imports = {"callee": jit.addresses([kernel], target)[kernel.symbol]}
        program = FUNCTION(jit.link_program(text, "program", imports, target))
        assert program(1) == linked(kernel, target)(1)


# ----- the cache


def fresh(target: Target, folder: Path | None) -> jit._Linker:
    """Return a linker that knows nothing, as in a new process."""
    linker = jit._Linker(target, ObjectCache(folder))
    _LINKERS.append(linker)  # its functions go when it goes
    return linker


_LINKERS: list[jit._Linker] = []


def test_the_next_process_compiles_nothing(target: Target, number: int, tmp_path: Path) -> None:
    made: list[int] = []
    kernels = [adding(number, made), adding(number + 5000, made)]
    for _ in range(3):
        found = fresh(target, tmp_path / "objects").kernels(kernels)
        assert FUNCTION(found[kernels[0].symbol])(1) == number + 1
        assert made == [number, number + 5000]


def test_damaged_objects_are_compiled_again(target: Target, number: int, tmp_path: Path) -> None:
    made: list[int] = []
    kernel = adding(number, made)
    for damage in (bytes, lambda data: data[:-9], lambda data: data[:-1] + b"\xff", None):
        found = fresh(target, tmp_path / "objects").kernels([kernel])
        assert FUNCTION(found[kernel.symbol])(1) == number + 1
        if damage:
            (path,) = (tmp_path / "objects").glob("*.o")
            path.write_bytes(damage(path.read_bytes()) if damage is not bytes else b"")
    assert len(made) == 4


def test_without_a_cache_all_goes_on(target: Target, number: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (None, tmp_path / "file" / "objects"):
        made: list[int] = []
        kernel = adding(number, made)
        found = fresh(target, folder).kernels([kernel])
        assert FUNCTION(found[kernel.symbol])(1) == number + 1
        assert made == [number]


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that stands for the compiler's source, and is read whenever code is wanted."""
    path = tmp_path / "source" / "kernels" / "part.py"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(jit, "__file__", str(tmp_path / "source" / "compiling" / "jit.py"))
    monkeypatch.setattr(jit, "_fingerprint", jit._fingerprint.__wrapped__)
    return path


def test_objects_are_kept_apart_by_target_and_passes(
    target: Target, number: int, tmp_path: Path
) -> None:
    made: list[int] = []
    folder = tmp_path / "objects"
    kernel = adding(number, made)
    for other in (target, Target("avx2", target.triple, target.cpu, "", 32), target):
        fresh(other, folder).kernels([kernel])
    assert len(made) == 2
    text = adding(number).make()
    for optimize in (False, True):
        fresh(target, folder).program(text, kernel.symbol, {}, optimize)
    assert len(list(folder.glob("*.o"))) == 4


def test_objects_are_kept_apart_by_source(
    target: Target, number: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    for content in ("x = 1", "x = 2", "x = 1"):
        source.write_text(content)
        monkeypatch.setattr(jit, "_LOADED", time.time() + 1)
        fresh(target, tmp_path / "objects").kernels([adding(number, made)])
    assert len(made) == 2


def test_code_of_a_source_that_has_changed_since_it_was_loaded_is_for_nobody_else(
    target: Target, number: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    source.write_text("x = 1")
    loaded = time.time()
    for moment, count in ((loaded - 60, 1), (loaded + 1, 2), (loaded + 1, 2), (loaded - 60, 3)):
        monkeypatch.setattr(jit, "_LOADED", moment)
        fresh(target, tmp_path / "objects").kernels([adding(number, made)])
        assert len(made) == count
    assert len(list((tmp_path / "objects").glob("*.o"))) == 1
    os.utime(source, (loaded + 9_000, loaded + 9_000))  # by a clock that was wrong
    fresh(target, tmp_path / "objects").kernels([adding(number, made)])
    assert len(made) == 3


# ----- threads and processes


def test_threads_get_the_same_functions(target: Target, number: int) -> None:
    made: list[int] = []
    kernels = [adding(number + 1000 * n, made) for n in range(6)]
    ready = threading.Barrier(8)

    def ask(turn: int) -> dict[str, int]:
        ready.wait()
        return jit.addresses(kernels[turn % 6 :] + kernels[: turn % 6], target)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    assert all(each == found[0] for each in found)
    assert len(made) == len(set(made))


def run_python(script: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=60, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_forked_in_mid_compilation_compiles_too() -> None:
    run_python(
        """
        import os, threading, time
        from syn0.engines.llvm.compiling import jit
        from syn0.engines.llvm.kernel import Kernel
        from syn0.engines.llvm.compiling.target import host

        def kernel(n):
            lines = "".join(f"  %r{i + 1} = mul i64 %r{i}, %x\\n" for i in range(300))
            lines = f"  %r0 = add i64 %x, {n}\\n{lines}  ret i64 %r300\\n"
            text = f"define i64 @k{n}(i64 %x) {{\\n{lines}}}\\n"
            return Kernel(f"k{n}", lambda: text)

        def compile_all():
            for n in range(100):
                jit.addresses([kernel(n)], host())

        thread = threading.Thread(target=compile_all)
        thread.start()
        for turn in range(10):
            child = os.fork()
            if not child:
                jit.addresses([kernel(1000 + turn)], host())
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        thread.join()
        """,
        SYN0_CACHE="off",
    )


def test_only_this_machine_is_initialized() -> None:
    output = run_python(
        """
        import sys
        from syn0.engines.llvm.compiling import jit, target
        from syn0.engines.llvm.kernel import Kernel
        assert "llvmlite" not in sys.modules
        text = "define i64 @f() {\\n  ret i64 1\\n}"
        jit.addresses([Kernel("f", lambda: text)], target.host())
        import llvmlite.binding as llvm
        known = []
        for architecture in ("x86_64", "aarch64", "riscv64"):
            try:
                known.append(llvm.Target.from_triple(f"{architecture}-unknown-linux-gnu").name)
            except RuntimeError:
                pass
        print(len(known))
        """
    )
    assert output == "1\n"
