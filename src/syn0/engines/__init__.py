"""Engines run programs; here one is chosen."""

from __future__ import annotations

from syn0.engines.numpy import NumpyEngine
from syn0.engines.protocol import Control, Engine, Executable, Feed
from syn0.errors import ArgumentError, EngineError, did_you_mean

__all__ = ["Control", "Engine", "Executable", "Feed", "choose"]

ENGINES = ("auto", "numpy")
PLANNED = {"llvm": "the CPU compiler", "jax": "the engine for GPUs and clusters"}


def choose(engine: str = "auto") -> tuple[Engine, str]:
    """Return the engine of this name, and why it was chosen.

    Raises
    ------
    EngineError
        If the engine is not part of this release.
    ArgumentError
        If there is no such engine.

    Examples
    --------
    >>> choose("auto")[0].name
    'numpy'
    """
    if engine in PLANNED:
        raise EngineError(
            f"engine={engine!r}, {PLANNED[engine]}, is planned and not in this release.",
            mend="use engine='auto' or engine='numpy'",
        )
    if engine not in ENGINES:
        raise ArgumentError(
            f"there is no engine {engine!r}.",
            where="engine=",
            mend=did_you_mean(str(engine), (*ENGINES, *PLANNED)),
        )
    why = "asked for" if engine == "numpy" else "the only engine of this release"
    return NumpyEngine(), why
