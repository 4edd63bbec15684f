"""The compiler and NumPy compute the same from random graphs: values, gradients, updates."""

from __future__ import annotations

import numpy as np
from graphs import Drawn, graphs
from hypothesis import given, settings

from syn0.engines import choose


def check(drawn: Drawn) -> None:
    """Compile a drawn program and compare what it gives with the plain values."""
    program = drawn.program()
    executable = choose("llvm")[0].compile(program)
    before = {name: np.array(value) for name, value in drawn.state.items()}
    outputs, updates = executable.run(dict(drawn.state), drawn.inputs)
    assert (list(outputs), list(updates)) == (list(program.outputs), list(program.updates))
    drawn.assert_equal(list(outputs.values()), list(program.outputs.values()))
    drawn.assert_equal(list(updates.values()), list(program.updates.values()))
    for name, tensor in (*program.outputs.items(), *program.updates.items()):
        found = outputs[name] if name in outputs else updates[name]
        assert np.asarray(found).dtype == tensor.dtype
    for name, value in before.items():
        np.testing.assert_array_equal(drawn.state[name], value)


@given(graphs(updates=True))
def test_random_graphs(drawn: Drawn) -> None:
    check(drawn)


@given(graphs(dtype="float32", updates=True))
def test_random_graphs_in_float32(drawn: Drawn) -> None:
    check(drawn)


@settings(max_examples=30)
@given(graphs(gradients=True, updates=True))
def test_random_graphs_with_their_gradients(drawn: Drawn) -> None:
    check(drawn)
