"""Engines run programs; here one is chosen."""

from __future__ import annotations

from functools import cache

from syn0.engines.llvm import LLVMEngine, host
from syn0.engines.numpy import NumpyEngine
from syn0.engines.protocol import Control, Engine, Executable, Feed
from syn0.errors import ArgumentError, EngineError, did_you_mean

__all__ = ["Control", "Engine", "Executable", "Feed", "choose"]

ENGINES = ("auto", "llvm", "numpy")
PLANNED = {"jax": "the engine for GPUs and clusters"}
NEEDED = "an x86-64 processor with AVX2, or one of ARM's 64-bit ones, and the package llvmlite"


_NUMPY = NumpyEngine()
_compiler = cache(LLVMEngine)  # one for each target: what it compiled is known by it


def choose(engine: str = "auto") -> tuple[Engine, str]:
    """Return the engine of this name, and why it was chosen.

    Raises
    ------
    EngineError
        If the engine is not part of this release, or cannot run on this machine.
    ArgumentError
        If there is no such engine.

    Examples
    --------
    >>> choose("numpy")
    (<syn0.engines.numpy.NumpyEngine object at 0x...>, 'asked for')
    """
    if engine in PLANNED:
        raise EngineError(
            f"engine={engine!r}, {PLANNED[engine]}, is planned and not in this release.",
            mend="use engine='auto', engine='llvm' or engine='numpy'",
        )
    if engine not in ENGINES:
        raise ArgumentError(
            f"there is no engine {engine!r}.",
            where="engine=",
            mend=did_you_mean(str(engine), (*ENGINES, *PLANNED)),
        )
    if engine == "numpy":
        return _NUMPY, "asked for"
    target = host()
    if target is not None:
        why = "asked for" if engine == "llvm" else "compiled for this processor"
        return _compiler(target), why
    if engine == "llvm":
        raise EngineError(
            "engine='llvm' cannot compile for this processor.",
            expected=NEEDED,
            mend="use engine='auto' or engine='numpy'",
        )
    return _NUMPY, "the compiler does not know this processor"
