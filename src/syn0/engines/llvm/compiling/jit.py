"""From text to addresses: compiles kernels and programs, and links them into the process.

What is linked stays for as long as the process lives, since threads may be inside it.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from syn0.engines.llvm.compiling import checked
from syn0.engines.llvm.compiling.object_cache import ObjectCache, open_cache
from syn0.engines.llvm.compiling.target import LLVM_LOCK, Target
from syn0.engines.llvm.kernel import Kernel

# Characters of a module from which on LLVM would take seconds to find registers: the driver of
# hundreds of calls, which take far longer than what lies between them.
LONG = 400_000


def addresses(kernels: Sequence[Kernel], target: Target) -> dict[str, int]:
    """Return where each kernel's function is, by its symbol; each is linked once a process."""
    with LLVM_LOCK:
        return _linker(target).kernels(kernels)


def link_program(
    text: str, symbol: str, imports: Mapping[str, int], target: Target, *, optimize: bool = False
) -> int:
    """Return the address of a function of a module that calls others.

    Parameters
    ----------
    text : str
        The module.
    symbol : str
        The function's name in it.
    imports : mapping of str to int
        The addresses of the functions it calls.
    target : Target
        The machine.
    optimize : bool
        Whether LLVM's passes go over it first.
    """
    with LLVM_LOCK:
        return _linker(target).program(text, symbol, imports, optimize)


def emit_assembly(kernel: Kernel, target: Target) -> str:
    """Return a kernel as assembly; the target need not be this machine."""
    with LLVM_LOCK:
        machine = _machine(target)
        return str(machine.emit_assembly(_parsed(kernel.make(), target)))


def outside_calls(kernel: Kernel, target: Target) -> set[str]:
    """Return the functions that a kernel's code calls outside its module.

    LLVM turns what a machine cannot do into calls: to libm, where a kernel must never go.
    """
    inside = set(re.findall(r"^(\w+):", code := emit_assembly(kernel, target), re.MULTILINE))
    return set(re.findall(r"\b(?:callq?|jmpq?|bl?)\s+(\w+)(?:@PLT)?\s*$", code, re.M)) - inside


def compile_object(text: str, target: Target, *, optimize: bool = False) -> bytes:
    """Return a module's machine code, as an object file."""
    with LLVM_LOCK:
        machine, module = _machine(target, quick=len(text) > LONG), _parsed(text, target)
        if optimize:
            _run_passes(module, machine)
        return bytes(machine.emit_object(module))


def optimized(texts: Sequence[str], symbol: str, target: Target) -> str:
    """Return modules as one that has only the function `symbol`, simplified as a whole."""
    import llvmlite.binding as llvm

    with LLVM_LOCK:
        context = llvm.create_context()
        first, *others = (_parsed(text, target, context) for text in texts)
        for other in others:
            first.link_in(other)
        for function in first.functions:
            if not function.is_declaration and function.name != symbol:
                function.linkage = "internal"
        _run_passes(first, _machine(target))
        return str(first)


# ----- LLVM


@cache
def _machine(target: Target, *, quick: bool = False) -> Any:
    """Return LLVM's code generator for a target; a quick one looks at each line by itself."""
    import llvmlite.binding as llvm

    if target.triple == llvm.get_process_triple():
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
    else:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
    # Small, position-independent code reads its constants in place; JITLink lays out all of a
    # library within its reach.
    return llvm.Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=0 if quick else 2, reloc="pic",
        codemodel="small", jit=True,
    )  # fmt: skip


def _parsed(text: str, target: Target, context: Any = None) -> Any:
    """Return a module of LLVM, checked: a malformed one would end the process."""
    import llvmlite.binding as llvm

    layout = f'target datalayout = "{_machine(target).target_data}"\n'
    triple = f'target triple = "{target.triple}"\n'
    module = llvm.parse_assembly(layout + triple + text, context or llvm.create_context())
    module.verify()
    return module


def _run_passes(module: Any, machine: Any) -> None:
    """Simplify a program; nothing here may change arithmetic or its order."""
    import llvmlite.binding as llvm

    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = False
    options.loop_unrolling = options.loop_interleaving = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


# ----- linking


@cache
def _linker(target: Target) -> _Linker:
    return _Linker(target, open_cache())


class _Linker:
    """All that is linked for one target; used under the lock."""

    def __init__(self, target: Target, objects: ObjectCache) -> None:
        import llvmlite.binding as llvm

        self.target = target
        self.objects = objects
        self._compiler = llvm.create_lljit_compiler(_machine(target), use_jit_link=True)
        self._numbers = count()  # a name is taken even where linking fails
        self._libraries: list[Any] = []  # LLVM unloads a library whose tracker is gone
        self._kernels: dict[str, int] = {}
        self._checking = False  # while the test of accesses is being linked
        self._programs: dict[tuple[str, tuple[tuple[str, int], ...]], int] = {}

    def kernels(self, kernels: Sequence[Kernel]) -> dict[str, int]:
        """Return the kernels' addresses, and link those that are new."""
        missing = {k.symbol: k.make for k in kernels if k.symbol not in self._kernels}
        if missing:
            objects = [self._object(symbol, make) for symbol, make in missing.items()]
            self._kernels |= self._link(objects, list(missing), {})
        return {kernel.symbol: self._kernels[kernel.symbol] for kernel in kernels}

    def program(self, text: str, symbol: str, imports: Mapping[str, int], optimize: bool) -> int:
        """Return the program's address, and link it if it is new."""
        identity = hashlib.sha256(f"{symbol} {optimize} {text}".encode()).hexdigest()
        known = (identity, tuple(sorted(imports.items())))
        if known not in self._programs:
            code = self._object(identity, lambda: text, optimize)
            self._programs[known] = self._link([code], [symbol], imports)[symbol]
        return self._programs[known]

    def _object(self, identity: str, make: Callable[[], str], optimize: bool = False) -> bytes:
        """Return machine code from the cache, or compile and keep it."""
        source = _fingerprint()
        if source is None:
            return compile_object(make(), self.target, optimize=optimize)
        words = (identity, source, self.target, checked.ENABLED)
        key = hashlib.sha256(repr(words).encode()).hexdigest()
        code = self.objects.load(key)
        if code is None:
            code = compile_object(make(), self.target, optimize=optimize)
            self.objects.save(key, code)
        return code

    def _link(
        self, objects: list[bytes], symbols: list[str], imports: Mapping[str, int]
    ) -> dict[str, int]:
        """Put objects into memory and return where their functions are."""
        import llvmlite.binding as llvm

        builder = llvm.JITLibraryBuilder().add_current_process()  # for memset and the like
        for code in objects:
            builder.add_object_img(code)
        for name, address in (*imports.items(), *self._checks()):
            builder.import_symbol(name, address)
        for symbol in symbols:
            builder.export_symbol(symbol)
        library = builder.link(self._compiler, f"syn0.{next(self._numbers)}")
        self._libraries.append(library)
        return {symbol: library[symbol] for symbol in symbols}

    def _checks(self) -> list[tuple[str, int]]:
        """Return what the code of the checked build imports beside."""
        if not checked.ENABLED:
            return []
        if self._checking:
            return [(checked.TABLE, checked.table_address())]
        self._checking = True
        address = self.program(checked.TEXT, checked.CHECK, {}, False)
        self._checking = False
        return [(checked.CHECK, address)]


@cache
def _fingerprint() -> str | None:
    """Return a digest of all that a kernel's code depends on beside its symbol and target.

    None where the sources are no longer those that were loaded, as after an upgrade: objects of
    old code must not be found by new code.
    """
    import llvmlite.binding as llvm

    digest = hashlib.sha256(repr(llvm.llvm_version_info).encode())
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")) or sorted(folder.rglob("*.pyc")):
        digest.update(path.read_bytes())
        found = path.stat()
        if _LOADED < max(found.st_mtime, found.st_ctime) <= time.time():  # not in the future
            return None
    return digest.hexdigest()


_LOADED = time.time()
