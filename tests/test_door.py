"""What `import syn0` brings, what it costs, and what it says to a foreign word."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import syn0
from syn0.errors import UnknownNameError

HEAVY = "sklearn scipy llvmlite jax rich cyclopts matplotlib safetensors msgspec".split()


def loaded_after(statement: str) -> set[str]:
    """Return the top-level modules in memory after a statement, in a fresh Python."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", syn0.__all__)
def test_every_name_opens(name: str) -> None:
    value = getattr(syn0, name)
    assert value is getattr(syn0, name)
    assert value.__name__.rpartition(".")[2] == name


def test_the_door_is_small_and_says_what_is_behind_it() -> None:
    assert set(syn0.__all__) <= set(dir(syn0))
    assert len(dir(syn0)) < 80
    assert not [name for name in dir(syn0) if name.startswith("_") and name != "__version__"]


def test_type_checkers_see_the_same_door() -> None:
    tree = ast.parse(Path(syn0.__file__).read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: syn0._HOMES.get(name, "syn0") for name in syn0.__all__}
    assert seen == homes


def test_importing_syn0_loads_nothing_heavy() -> None:
    assert not loaded_after("import syn0") & set(HEAVY)


def test_building_a_network_loads_nothing_heavy() -> None:
    line = "import syn0; syn0.Sequential(syn0.Dense(2, activation='relu'), syn0.Dense(1))"
    assert not loaded_after(line) & set(HEAVY)


def test_the_watcher_of_modules_sees_a_heavy_one() -> None:
    assert "rich" in loaded_after("import rich")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Linear", "syn0.Dense"),
        ("MaxPooling2D", "syn0.MaxPool2D"),
        ("compile", "net.fit"),
        ("nn", "syn0.ops"),
        ("optim", "syn0.optimizers"),
        ("no_grad", "net.predict"),
        ("Sequental", "did you mean 'Sequential'?"),
        ("qqq", "dir(syn0)"),
    ],
)
def test_a_foreign_word_is_answered_with_ours(word: str, hint: str) -> None:
    with pytest.raises(AttributeError, match=f"no {word!r}") as caught:
        getattr(syn0, word)
    assert isinstance(caught.value, UnknownNameError)
    assert hint in str(caught.value)


def test_a_planned_name_says_so() -> None:
    with pytest.raises(AttributeError, match="planned"):
        _ = syn0.LSTM


def test_no_hint_names_what_does_not_exist() -> None:
    hints = importlib.import_module("syn0.hints")
    known = {*syn0.__all__, *hints._LATER}
    for word, use in hints._FOREIGN.items():
        for part in use.replace("(", " ").replace(",", " ").replace(";", " ").split():
            if part.startswith("syn0."):
                assert part.split(".")[1] in known, word


def test_asking_for_a_private_name_is_plain() -> None:
    assert not hasattr(syn0, "_nothing")
    assert not hasattr(syn0, "__wrapped__")
