"""The rules of the house, read from the imports: down or sideways, never up, no cycle."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "syn0"

# The floors, lowest first. A name stands for a module or for a package with all in it.
FLOORS = (
    "errors names hints arrays shapes graph gradient program simplify",
    "ops",
    "engines",
    "layers activations initializers losses metrics optimizers penalties schedules wiring layout "
    "tracing networks steps class_evidence energy",
    "training plots diagnosis data files",
    "fitting sharing stateful measuring failures probing diagnosing closing jobs stepping trainer "
    "script planning summary checking model architectures saving loading checkpointing",
    "neural_network tables images",
    "lab serve cli tour",
)
FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names.split()}

# Slow or optional dependencies, and the files that may import them inside a function.
SLOW = {
    "sklearn": {"syn0.fitting", "syn0.metrics", "syn0.tables.comparison", "syn0.tour"},
    "narwhals": {"syn0.data.reading"},
    "scipy": {"syn0.training.minimize"},
    "PIL": {"syn0.data.images_decoding"},
    "rich": {"syn0.training.progress"},
    "IPython": {"syn0.training.progress"},
    "threadpoolctl": {"syn0.engines.threads"},
    "matplotlib": {"syn0.plots.canvas"},
    "llvmlite": {"syn0.engines.llvm.compiling.jit", "syn0.engines.llvm.compiling.target"},
    "syn0.saving": {"syn0.model"},  # brings safetensors and msgspec
    "syn0.checkpointing": {"syn0.trainer"},  # the same
}
# Modules of the floor below that are never known, though lower: (who, what).
STRANGERS = (
    ("layers activations initializers losses metrics optimizers penalties schedules", "engines"),
)


@dataclass(frozen=True)
class Import:
    """One import statement's target, as the dotted name of a module."""

    source: str
    target: str
    line: int
    in_function: bool


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_package(root: Path) -> dict[str, ast.Module]:
    paths = sorted(root.rglob("*.py"))
    return {module_name(p, root): ast.parse(p.read_text(encoding="utf-8")) for p in paths}


def imports_of(name: str, tree: ast.Module, modules: set[str]) -> Iterator[Import]:
    """Yield what a module imports; ``from syn0 import ops`` counts as ``syn0.ops``."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, functions)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively"
            base = node.module or ""
            full = [f"{base}.{alias.name}" for alias in node.names]
            targets = [whole if whole in modules else base for whole in full]
        else:
            continue
        for target in dict.fromkeys(targets):
            yield Import(name, target, node.lineno, id(node) in inside)


def all_imports(package: dict[str, ast.Module]) -> list[Import]:
    names = set(package)
    return [found for name, tree in package.items() for found in imports_of(name, tree, names)]


def floor_of(name: str) -> int | None:
    """Return the floor of a module of syn0; None for the door itself."""
    return FLOOR_OF[name.split(".")[1]] if "." in name else None


def broken_floors(imports: list[Import]) -> list[str]:
    broken = []
    for found in imports:
        if not (found.target + ".").startswith("syn0.") or found.source == "syn0":
            continue
        here, there = floor_of(found.source), floor_of(found.target)
        # The door stands on every floor, so only the top one may come in through it.
        if there is None and here != len(FLOORS) - 1:
            broken.append(f"{found.source}:{found.line} imports the door, syn0 itself")
        elif there is not None and here is not None and there > here:
            broken.append(f"{found.source}:{found.line} imports {found.target}, {there - here} up")
    return broken


def broken_strangers(imports: list[Import]) -> list[str]:
    return [
        f"{found.source}:{found.line} knows {found.target}"
        for found in imports
        for who, what in STRANGERS
        if found.source.split(".")[1:2] and found.source.split(".")[1] in who.split()
        if (found.target + ".").startswith(f"syn0.{what}.")
    ]


def broken_functions(imports: list[Import]) -> list[str]:
    return [
        f"{found.source}:{found.line} imports {found.target} inside a function"
        for found in imports
        if found.in_function
        if found.source
        not in {*SLOW.get(found.target.split(".")[0], ()), *SLOW.get(found.target, ())}
    ]


def find_cycle(imports: list[Import]) -> list[str]:
    """Return the modules of one cycle of imports, or nothing."""
    edges: dict[str, set[str]] = {}
    for found in imports:
        if found.target != found.source and found.source != "syn0":
            edges.setdefault(found.source, set()).add(found.target)
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(edges.get(name, ())):
            cycle = walk(target, [*path, name])
            if cycle:
                return cycle
        done.add(name)
        return []

    return next((cycle for name in sorted(edges) if (cycle := walk(name, []))), [])


IMPORTS = all_imports(read_package(SOURCE))


def test_every_module_has_a_floor() -> None:
    names = {name.split(".")[1] for name in read_package(SOURCE) if "." in name}
    assert names <= set(FLOOR_OF), "say in FLOORS where these stand"


def test_imports_never_go_up() -> None:
    assert broken_floors(IMPORTS) == []


def test_layers_do_not_know_engines() -> None:
    assert broken_strangers(IMPORTS) == []


def test_imports_have_no_cycle() -> None:
    assert find_cycle(IMPORTS) == []


def test_function_level_imports_are_of_slow_dependencies_in_their_file() -> None:
    assert broken_functions(IMPORTS) == []


def test_every_exception_is_in_use() -> None:
    targets = [(i.target, i.source) for i in IMPORTS if i.in_function]
    used = {pair for t, source in targets for pair in ((t, source), (t.split(".")[0], source))}
    unused = [
        (package, file)
        for package, files in SLOW.items()
        for file in files
        if importlib.util.find_spec(file) and (package, file) not in used
    ]
    assert unused == [], "take these out of SLOW"


# ----- the reader itself --------------------------------------------------


def read_text(**modules: str) -> list[Import]:
    trees = {name.replace("__", "."): ast.parse(text) for name, text in modules.items()}
    return all_imports(trees)


@pytest.mark.parametrize(
    ("check", "modules"),
    [
        (broken_floors, {"syn0__graph": "from syn0.layers import Dense"}),
        (broken_floors, {"syn0__ops__room": "from syn0 import model", "syn0__model": ""}),
        (broken_floors, {"syn0__model": "import syn0"}),
        (broken_strangers, {"syn0__layers__dense": "import syn0.engines.numpy"}),
        (broken_functions, {"syn0__graph": "def f():\n    import sklearn.datasets"}),
        (find_cycle, {"syn0__a": "import syn0.b", "syn0__b": "from syn0.a import f"}),
        (find_cycle, {"syn0__o": "import syn0.o.a", "syn0__o__a": "from syn0.o import f"}),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found(check: object, modules: dict[str, str]) -> None:
    assert callable(check)
    assert check(read_text(**modules))


def test_what_is_allowed_passes() -> None:
    imports = read_text(
        syn0__cli="import syn0\nfrom syn0.lab import lesson",
        syn0__lab__lesson="import syn0",
        syn0__model="from syn0 import graph",
        syn0__graph="import numpy as np",
    )
    assert broken_floors(imports) == broken_functions(imports) == find_cycle(imports) == []
