"""scikit-learn's own tests of its perceptrons, run on ours.

The installed file of tests is read as a module of its own, and the names that it imports are
swapped. What it asks of private functions is left out, each time with the reason.
"""

from __future__ import annotations

import importlib.util
import types
from importlib.resources import files

import pytest
import sklearn.neural_network

from syn0.neural_network import MLPClassifier, MLPRegressor

# Tests that call private functions of scikit-learn's classes.
EXCEPTIONS = {
    "test_gradient": "calls _loss_grad_lbfgs, by which scikit-learn computes a gradient",
}
MOST = 6  # of 43


def load_with_ours() -> types.ModuleType:
    """Return the installed tests, which found our classes where they look for scikit-learn's."""
    path = files("sklearn.neural_network").joinpath("tests", "test_mlp.py")
    spec = importlib.util.spec_from_file_location("scikit_learn_test_mlp", str(path))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for ours in (MLPClassifier, MLPRegressor):
            patch.setattr(sklearn.neural_network, ours.__name__, ours)
        spec.loader.exec_module(module)
    return module


theirs = load_with_ours()
tests = {name: test for name, test in vars(theirs).items() if name.startswith("test_")}
globals().update({name: test for name, test in tests.items() if name not in EXCEPTIONS})


@pytest.fixture
def global_random_seed() -> int:
    """Return the seed that scikit-learn's own runs take by default."""
    return 42


def test_that_few_of_their_tests_are_left_out():
    assert len(tests) >= 43
    assert set(EXCEPTIONS) <= set(tests)
    assert len(EXCEPTIONS) <= MOST
    assert theirs.MLPClassifier is MLPClassifier
    assert theirs.MLPRegressor is MLPRegressor
