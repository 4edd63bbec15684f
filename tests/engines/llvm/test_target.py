"""Which machine the code is for: what a processor can do decides, not what it is called."""

from __future__ import annotations

import importlib.util
import re

import llvmlite.binding as llvm
import pytest

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import NEEDED, VECTOR_BYTES, host, named, usable
from syn0.engines.llvm.kernel import Kernel

X86 = dict.fromkeys("avx2 fma bmi avx512f avx512bw avx512dq avx512vl avx512vnni".split(), True)


def on_machine(
    monkeypatch: pytest.MonkeyPatch, features: dict[str, bool], triple: str = "x86_64-linux-gnu"
) -> list[str]:
    """Return the names of what a machine with these features runs."""
    monkeypatch.setattr(llvm, "get_host_cpu_features", lambda: features)
    monkeypatch.setattr(llvm, "get_process_triple", lambda: triple)
    return [target.name for target in usable.__wrapped__()]


def test_this_machine_is_known() -> None:
    found = host()
    assert found is not None and found in usable()
    assert found.vector_bytes == VECTOR_BYTES[found.name]


def test_features_decide_and_each_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_machine(monkeypatch, X86) == ["avx512", "avx2"]
    for feature in NEEDED["avx512"]:
        left = on_machine(monkeypatch, X86 | {feature: False})
        assert left == ([] if feature in NEEDED["avx2"] else ["avx2"])
    assert on_machine(monkeypatch, X86 | {"avx2": False}) == ["avx512"]
    assert on_machine(monkeypatch, {}) == []
    assert on_machine(monkeypatch, {"neon": True}, "aarch64-unknown-linux-gnu") == ["neon"]
    assert on_machine(monkeypatch, {}, "arm64-apple-darwin24.0.0") == ["neon"]
    assert on_machine(monkeypatch, {}, "riscv64-unknown-linux-gnu") == []


def test_a_narrowed_host_uses_nothing_that_the_host_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    on_machine(monkeypatch, X86 | {"bmi2": False})
    widest, narrow = usable.__wrapped__()
    flags = narrow.features.split(",")
    assert {"+avx2", "+fma", "-avx512f", "-avx512vnni", "-bmi2"} <= set(flags)
    assert "+avx512f" in widest.features.split(",")
    assert not [flag for flag in flags if flag.startswith("+avx512")]


def test_the_variable_chooses_among_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for target in usable():
        monkeypatch.setenv("SYN0_TARGET", target.name)
        assert host() == target
    monkeypatch.setenv("SYN0_TARGET", "mmx")
    with pytest.raises(ValueError, match=r"'mmx'; this machine runs \w+"):
        host()
    monkeypatch.setenv("SYN0_TARGET", "")
    assert host() == usable()[0]


def test_without_llvm_there_is_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert usable.__wrapped__() == ()


@pytest.mark.parametrize(
    ("name", "wanted", "unwanted"),
    [
        ("avx512", r"vfmadd\w+ps\s.*%zmm", "ymm"),
        ("avx2", r"vfmadd\w+ps\s.*%ymm", "zmm"),
        ("neon", r"fmla\s+v\d+\.4s", "\tbl\t"),
    ],
)
def test_each_named_machine_multiplies_and_adds_in_its_own_vectors(
    name: str, wanted: str, unwanted: str
) -> None:
    sixteen = "<16 x float>"
    text = (
        f"declare {sixteen} @llvm.fma.v16f32({sixteen}, {sixteen}, {sixteen})\n"
        f"define {sixteen} @f({sixteen} %x, {sixteen} %y, {sixteen} %z) {{\n"
        f"  %r = call {sixteen} @llvm.fma.v16f32({sixteen} %x, {sixteen} %y, {sixteen} %z)\n"
        f"  ret {sixteen} %r\n}}\n"
    )
    code = jit.emit_assembly(Kernel("f", lambda: text), named(name))
    assert len(re.findall(wanted, code)) == 64 // VECTOR_BYTES[name]
    assert unwanted not in code
