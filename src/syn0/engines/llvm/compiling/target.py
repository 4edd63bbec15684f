"""Which machine the code is for: its processor, and how wide its vectors are."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import RLock

VECTOR_BYTES = {"avx512": 64, "avx2": 32, "neon": 16}
PROCESSORS = {"avx512": "cascadelake", "avx2": "haswell", "neon": "neoverse-n1"}
NEEDED = {"avx512": ("avx512f", "avx512bw", "avx512dq", "avx512vl", "fma"), "avx2": ("avx2", "fma")}

# Held by whoever uses LLVM: a forked child must not find it in the midst of something that
# was done by a thread which the child lacks.
LLVM_LOCK = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=LLVM_LOCK.acquire,
        after_in_parent=LLVM_LOCK.release,
        after_in_child=LLVM_LOCK.release,
    )


@dataclass(frozen=True)
class Target:
    """A kind of machine, in LLVM's words.

    Parameters
    ----------
    name : str
        ``"avx512"``, ``"avx2"`` or ``"neon"``.
    triple : str
        Architecture and system, such as ``x86_64-unknown-linux-gnu``.
    cpu, features : str
        The processor that code is scheduled for, and the instructions it may use.
    vector_bytes : int
        Size of a vector register.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector_bytes: int

    @property
    def is_x86(self) -> bool:
        """Whether the architecture is x86-64."""
        return self.triple.startswith("x86_64")


def host() -> Target | None:
    """Return the machine that this process runs on, or None if it cannot be compiled for.

    The environment variable ``SYN0_TARGET`` asks for the narrower vectors of a machine that
    has several.
    """
    found = usable()
    wanted = os.environ.get("SYN0_TARGET", "")
    if not wanted or not found:
        return found[0] if found else None
    names = [target.name for target in found]
    if wanted not in names:
        raise ValueError(f"SYN0_TARGET is {wanted!r}; this machine runs {' or '.join(names)}")
    return found[names.index(wanted)]


@cache
def usable() -> tuple[Target, ...]:
    """Return all that this machine runs, the widest vectors first."""
    if importlib.util.find_spec("llvmlite") is None:
        return ()
    with LLVM_LOCK:
        import llvmlite.binding as llvm

        # A virtual machine may hide instructions that its processor's name promises.
        features = dict(llvm.get_host_cpu_features())
        triple, cpu = llvm.get_process_triple(), llvm.get_host_cpu_name()
    if triple.startswith(("aarch64", "arm64")):
        return (Target("neon", triple, cpu, _flat(features), VECTOR_BYTES["neon"]),)
    if not triple.startswith("x86_64"):
        return ()
    return tuple(
        _narrowed(name, triple, cpu, features)
        for name, needed in NEEDED.items()
        if all(features.get(feature, False) for feature in needed)
    )


def _narrowed(name: str, triple: str, cpu: str, features: dict[str, bool]) -> Target:
    """Return the host as a machine whose widest vectors are these."""
    if name == "avx512":
        flags = _flat(features | {"prefer-256-bit": False})
    else:
        wider = [feature for feature in features if feature.startswith(("avx512", "avx10", "amx"))]
        if any(features[feature] for feature in wider):
            cpu = PROCESSORS[name]
        flags = _flat(features | dict.fromkeys(wider, False))
    return Target(name, triple, cpu, flags, VECTOR_BYTES[name])


def _flat(features: dict[str, bool]) -> str:
    """Return features as LLVM reads them."""
    return ",".join(f"{'+' if on else '-'}{name}" for name, on in sorted(features.items()))


@lru_cache
def named(name: str) -> Target:
    """Return a common machine with these vectors, to read what LLVM writes for it.

    Examples
    --------
    >>> named("avx512").vector_bytes
    64
    """
    architecture = "aarch64" if name == "neon" else "x86_64"
    features = "-prefer-256-bit" if name == "avx512" else ""
    triple = f"{architecture}-unknown-linux-gnu"
    return Target(name, triple, PROCESSORS[name], features, VECTOR_BYTES[name])
