"""Bad calls: each says what is wrong, where, what was expected and how to mend it.

The texts are kept in ``snapshots/bad_calls.txt``, to be read as a page. After a change that
is meant, write them anew: ``SYN0_UPDATE_SNAPSHOTS=1 pytest tests/test_bad_calls.py``.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import syn0
from syn0 import Dense, Sequential
from syn0.errors import Syn0Error

SNAPSHOT = Path(__file__).parent / "snapshots" / "bad_calls.txt"
RULE = "-" * 78

X = np.linspace(-1, 1, 36).reshape(12, 3)
Y = np.arange(12) % 3
IMAGES = np.zeros((12, 4, 5, 1))


def classifier() -> Any:
    """Three features, a hidden layer, three classes; fitted once so that there is a state."""
    net = Sequential(
        Dense(4, activation="relu", name="hidden"), Dense(3, activation="softmax", name="output"),
        random_state=0,
    )  # fmt: skip
    net.fit(X, Y, epochs=1, verbose=0)
    return net


def images() -> Any:
    net = Sequential(
        syn0.Input((4, 5, 1)), syn0.Flatten(), Dense(3, activation="softmax"), random_state=0
    )
    net.fit(IMAGES, Y, epochs=1, verbose=0)
    return net


def regressor() -> Any:
    net = Sequential(Dense(4, activation="tanh"), Dense(2, name="output"), random_state=0)
    net.fit(X, X[:, :2], epochs=1, verbose=0)
    return net


def fit(**options: Any) -> Callable[[Any], Any]:
    arguments = {"X": X, "y": Y, "verbose": 0, "epochs": 1, **options}
    return lambda net: net.fit(**arguments)


def with_nan() -> np.ndarray:
    broken = X.copy()
    broken[7, 1] = np.nan
    return broken


def no_network() -> None:
    return None


# What is called, written as a user would; the network it is called on; the call.
Case = tuple[Callable[[], Any], Callable[[Any], Any]]
CALLS: dict[str, Case] = {
    # ----- shapes
    "net.fit(X[:, :2], y)  # 2 features, built for 3": (classifier, fit(X=X[:, :2])),
    "net.fit(X, y[:10])": (classifier, fit(y=Y[:10])),
    "net.fit(X.T, y)": (classifier, fit(X=X.T)),
    "net.predict(X[0])": (classifier, lambda net: net.predict(X[0])),
    "net.predict(3.0)": (classifier, lambda net: net.predict(3.0)),
    "net.fit(X.reshape(12, 3, 1), y)": (classifier, fit(X=X[..., None])),
    "net.fit(X, y)  # y of shape (12, 3, 1)": (classifier, fit(y=np.zeros((12, 3, 1)))),
    "net.fit(images.transpose(0, 3, 1, 2), y)  # channels first": (
        images, fit(X=IMAGES.transpose(0, 3, 1, 2)),
    ),
    "net.fit(images of 5 x 4, y)  # height and width swapped": (
        images, fit(X=IMAGES.transpose(0, 2, 1, 3)),
    ),
    "net.fit(X, values)  # 1 target for 2 units": (regressor, fit(y=X[:, 0])),
    "net.fit(X, values)  # 3 targets for 2 units": (regressor, fit(y=X)),
    "net.fit((X, X), y)  # one input": (classifier, fit(X=(X, X))),
    "net.fit({'x1': X}, y)": (classifier, fit(X={"x1": X})),
    # ----- classes
    "net.fit(X, y)  # y has 10 classes, the last layer 3 units": (
        classifier, fit(X=np.zeros((30, 3)), y=np.arange(30) % 10),
    ),
    "net.fit(X, y)  # one-hot of 4 classes for 3 units": (classifier, fit(y=np.eye(4)[Y])),
    "net.fit(X, ['cat', 'dog', ...])": (classifier, fit(y=np.array(["cat", "dog", "cow"])[Y])),
    "net.fit(X, y - 1)  # classes from -1": (classifier, fit(y=Y - 1)),
    "net.fit(X, y + 0.5)": (classifier, fit(y=Y + 0.5)),
    "net.fit(X, None)": (classifier, fit(y=None)),
    "net.fit(X, y, loss='binary_cross_entropy')  # after softmax": (
        classifier, fit(loss="binary_cross_entropy"),
    ),
    # ----- data
    "net.fit([], [])": (classifier, fit(X=[], y=[])),
    "net.fit(np.empty((0, 3)), [])": (classifier, fit(X=np.empty((0, 3)), y=[])),
    "net.fit([[1, 2, 3], [4, 5]], [0, 1])  # ragged": (
        classifier, fit(X=[[1, 2, 3], [4, 5]], y=[0, 1]),
    ),
    "net.fit(X with NaN, y)": (classifier, fit(X=with_nan())),
    "net.fit(X, y with infinity)": (regressor, fit(y=np.where(X[:, :2] > 0.9, np.inf, 0))),
    "net.fit(['a', 'b', ...], y)": (classifier, fit(X=np.array(["a"] * 12))),
    "net.fit(X as objects, y)": (classifier, fit(X=np.array([[{}] * 3] * 12))),
    "net.fit(1j * X, y)": (classifier, fit(X=1j * X)),
    "net.fit(X, y, sample_weight=[1, 2])": (classifier, fit(sample_weight=[1.0, 2.0])),
    "net.fit(X, y, sample_weight=-ones)": (classifier, fit(sample_weight=-np.ones(12))),
    "net.fit(X, y, sample_weight=zeros)": (classifier, fit(sample_weight=np.zeros(12))),
    "net.fit(X, y, class_weight={7: 2.0})": (classifier, fit(class_weight={7: 2.0})),
    "net.fit(X, values, class_weight='balanced')": (
        regressor, fit(y=X[:, :2], class_weight="balanced"),
    ),
    "net.fit(X, y, validation_data=1.5)": (classifier, fit(validation_data=1.5)),
    "net.fit(X, y, validation_data=X)": (classifier, fit(validation_data=X)),
    "net.fit(X, y, validation_data=(X[:, :2], y))": (
        classifier, fit(validation_data=(X[:, :2], Y)),
    ),
    # ----- values of arguments
    "net.fit(X, y, epochs=0.5)": (classifier, fit(epochs=0.5)),
    "net.fit(X, y, epochs=-1)": (classifier, fit(epochs=-1)),
    "net.fit(X, y, batch_size=0)": (classifier, fit(batch_size=0)),
    "net.fit(X, y, batch_size='all')": (classifier, fit(batch_size="all")),
    "net.fit(X, y, optimizer=syn0.Adam)  # the class": (classifier, fit(optimizer=syn0.Adam)),
    "net.fit(X, y, optimizer='adm')": (classifier, fit(optimizer="adm")),
    "net.fit(X, y, metrics='acuracy')": (classifier, fit(metrics="acuracy")),
    "net.fit(X, y, callbacks=[print])": (classifier, fit(callbacks=[print])),
    "net.fit(X, y, engine='cuda')": (classifier, fit(engine="cuda")),
    "net.fit(X, y, engine='jax')": (classifier, fit(engine="jax")),
    "net.fit(X, y, threads=0)": (classifier, fit(threads=0)),
    "Dense(0)": (no_network, lambda _: Dense(0)),
    "Dense(2.5)": (no_network, lambda _: Dense(2.5)),
    "Dense(4, activation='rellu')": (no_network, lambda _: Dense(4, activation="rellu")),
    "Dropout(1.5)": (no_network, lambda _: syn0.Dropout(1.5)),
    "Adam(learning_rate=-1)": (no_network, lambda _: syn0.Adam(learning_rate=-1)),
    "Adam(beta_1=1.0)": (no_network, lambda _: syn0.Adam(beta_1=1.0)),
    "Sequential()": (no_network, lambda _: Sequential()),
    "Sequential(Dense(4), 'softmax')": (no_network, lambda _: Sequential(Dense(4), "softmax")),
    "Sequential(Dense(4, name='a'), Dense(2, name='a'))": (
        no_network, lambda _: Sequential(Dense(4, name="a"), Dense(2, name="a")),
    ),
    "Dense(4, name='my layer')": (no_network, lambda _: Sequential(Dense(4, name="my layer"))),
    "Sequential(Dense(1), dtype='float16')": (
        no_network, lambda _: Sequential(Dense(1), dtype="float16"),
    ),
    "net.set_parameters({'W_hiden': ...})": (
        classifier, lambda net: net.set_parameters({"W_hiden": np.zeros((3, 4))}),
    ),
    "net.set_parameters({'W_hidden': zeros((4, 3))})": (
        classifier, lambda net: net.set_parameters({"W_hidden": np.zeros((4, 3))}),
    ),
    "net['hiden']": (classifier, lambda net: net["hiden"]),
    "net.freeze('conv_*')": (classifier, lambda net: net.freeze("conv_*")),
    "net.until('middle')": (classifier, lambda net: net.until("middle")),
    "Sequential(Dense(2)).predict_one([[1.0]]).shape  # a row too many": (
        classifier, lambda net: net.predict_one(X[:1]),
    ),
    "Sequential(Dense(2)).parameters  # not built": (
        no_network, lambda _: Sequential(Dense(2)).parameters,
    ),
    "Sequential(Input((4, 4, 1)), Dense(2), Reshape((5,)))": (
        no_network,
        lambda _: Sequential(syn0.Input((4, 4, 1)), Dense(2), syn0.Reshape((5,))).build((4, 4, 1)),
    ),
    # ----- images
    "Sequential(Conv2D(4, 3)).build((3, 32, 32))  # channels first": (
        no_network, lambda _: Sequential(syn0.Conv2D(4, 3)).build((3, 32, 32)),
    ),
    "Sequential(Conv2D(4, 3)).build((28, 28))  # no channels": (
        no_network, lambda _: Sequential(syn0.Conv2D(4, 3)).build((28, 28)),
    ),
    "Sequential(Conv2D(4, 3)).build((784,))": (
        no_network, lambda _: Sequential(syn0.Conv2D(4, 3)).build((784,)),
    ),
    "Sequential(Conv2D(4, 5)).build((4, 4, 1))  # a kernel larger than the image": (
        no_network, lambda _: Sequential(syn0.Conv2D(4, 5)).build((4, 4, 1)),
    ),
    "Conv2D(4, 3, strides=0)": (no_network, lambda _: syn0.Conv2D(4, 3, strides=0)),
    "Conv2D(4, 3, padding='full')": (no_network, lambda _: syn0.Conv2D(4, 3, padding="full")),
    "Conv2D(4, 3, groups=2)  # of 3 channels": (
        no_network, lambda _: Sequential(syn0.Conv2D(4, 3, groups=2)).build((8, 8, 3)),
    ),
    "MaxPool2D(2, padding=2)  # windows of padding alone": (
        no_network, lambda _: Sequential(syn0.MaxPool2D(2, padding=2)).build((4, 4, 1)),
    ),
    "MaxPool2D(16)  # 256 pixels": (
        no_network, lambda _: Sequential(syn0.MaxPool2D(16)).build((32, 32, 1)),
    ),
    # ----- other libraries' words
    "syn0.Linear": (no_network, lambda _: syn0.Linear),
    "syn0.MaxPooling2D": (no_network, lambda _: syn0.MaxPooling2D),
    "syn0.LSTM": (no_network, lambda _: syn0.LSTM),
    "syn0.Desne": (no_network, lambda _: syn0.Desne),
    "net.compile(optimizer='adam')": (classifier, lambda net: net.compile(optimizer="adam")),
    "net.predict_proba(X)": (classifier, lambda net: net.predict_proba(X)),
    "net.state_dict()": (classifier, lambda net: net.state_dict()),
    "net.fit(X, y, lr=0.1)": (classifier, fit(lr=0.1)),
    "net.fit(X, y, validation_split=0.2)": (classifier, fit(validation_split=0.2)),
    "net.fit(X, y, max_iter=200)": (classifier, fit(max_iter=200)),
    "net.fit(X, y, backend='jax')": (classifier, fit(backend="jax")),
    "net.fit(X, y, loss='sparse_categorical_crossentropy')": (
        classifier, fit(loss="sparse_categorical_crossentropy"),
    ),
    "net.fit(X, y, loss='mse')": (classifier, fit(loss="mse")),
    "syn0.Adam(lr=0.1)": (no_network, lambda _: syn0.Adam(lr=0.1)),
    "syn0.Adam(betas=(0.9, 0.999))": (no_network, lambda _: syn0.Adam(betas=(0.9, 0.999))),
    "Dense(in_features=3, out_features=4)": (
        no_network, lambda _: Dense(in_features=3, out_features=4),
    ),
    "Dense(4, kernel_initializer='he_normal')": (
        no_network, lambda _: Dense(4, kernel_initializer="he_normal"),
    ),
    "Sequential(Dense(1), seed=0)": (no_network, lambda _: Sequential(Dense(1), seed=0)),
    # ----- graphs
    "if x > 0: ...  # in a layer's forward": (
        no_network, lambda _: bool(syn0.graph.input_tensor("x", (3,)) > 0),
    ),
    "np.sort(x)  # of a tensor": (
        no_network, lambda _: np.sort(syn0.graph.input_tensor("x", (3,))),
    ),
    "x @ W  # (batch, 3) @ (4, 2)": (
        no_network,
        lambda _: syn0.graph.input_tensor("x", (syn0.graph.batch, 3))
        @ syn0.graph.state_tensor("W", (4, 2)),
    ),
}  # fmt: skip


@functools.cache
def message(call: str) -> tuple[BaseException | None, str, Any, dict[str, Any]]:
    """Make a bad call; return the error, its text, the network and its numbers before."""
    make, do = CALLS[call]
    net = make()
    before = {name: np.copy(v) for name, v in net.numbers.items()} if net is not None else {}
    try:
        do(net)
    except Exception as error:
        return error, f"{type(error).__name__}: {error}", net, before
    return None, "no error", net, before


def page() -> str:
    parts = [f"{call}\n{RULE}\n{message(call)[1]}\n" for call in CALLS]
    return f"{len(CALLS)} bad calls and their answers.\n\n\n" + "\n\n".join(parts)


def stored() -> dict[str, str]:
    _, *parts = SNAPSHOT.read_text().split("\n\n\n")
    pairs = (part.split(f"\n{RULE}\n") for part in parts)
    return {call: text.rstrip("\n") for call, text in pairs}


@pytest.fixture(scope="module", autouse=True)
def _snapshot() -> None:
    if os.environ.get("SYN0_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(page())


def test_there_are_fifty_or_more_and_none_is_left_over() -> None:
    assert len(CALLS) >= 50
    assert list(stored()) == list(CALLS)


@pytest.mark.sampled(25)
@pytest.mark.parametrize("call", CALLS)
def test_the_answer_is_kept(call: str) -> None:
    assert message(call)[1] == stored()[call]


@pytest.mark.parametrize("call", CALLS)
def test_the_answer_says_what_and_what_to_do(call: str) -> None:
    error, text, _, _ = message(call)
    assert isinstance(error, Syn0Error), text
    assert isinstance(error, (ValueError, TypeError, RuntimeError, AttributeError, ArithmeticError))
    first, *lines = str(error).splitlines()
    assert first.endswith((".", "?")), first
    labels = [line.partition(":")[0].strip() for line in lines]
    assert set(labels) & {"expected", "mend"} or "planned" in text
    assert error.__cause__ is None


@pytest.mark.sampled(25)
@pytest.mark.parametrize("call", [c for c, (make, _) in CALLS.items() if make is not no_network])
def test_the_network_is_left_as_it_was(call: str) -> None:
    error, _, net, before = message.__wrapped__(call)
    assert error is not None
    assert list(net.numbers) == list(before)
    for name, value in before.items():
        np.testing.assert_array_equal(net.numbers[name], value)
    assert {len(values) for values in net.history.values()} == {1}
    # And it goes on from there as if nothing had been.
    twin = CALLS[call][0]()
    make = CALLS[call][0]
    data = IMAGES if make is images else X, X[:, :2] if make is regressor else Y
    for network in (net, twin):
        network.fit(*data, epochs=2, verbose=0)
    for name, value in twin.parameters.items():
        np.testing.assert_array_equal(net.parameters[name], value)


def test_a_bad_first_fit_leaves_the_network_unbuilt() -> None:
    for options in ({"y": Y[:3]}, {"loss": "mse"}, {"X": with_nan()}, {"epochs": -1}):
        net = Sequential(Dense(3, activation="softmax"), random_state=0)
        with pytest.raises(Syn0Error):
            fit(**options)(net)
        assert len(net.history) == 0
        net.fit(X, Y, epochs=1, verbose=0)
        twin = Sequential(Dense(3, activation="softmax"), random_state=0)
        twin.fit(X, Y, epochs=1, verbose=0)
        for name, value in twin.parameters.items():
            np.testing.assert_array_equal(net.parameters[name], value)


def test_a_fit_that_meets_infinity_keeps_the_last_full_step() -> None:
    net = regressor()
    with pytest.raises(syn0.errors.NonFiniteError, match="keeps the last full step"):
        net.fit(X, 1e20 * X[:, :2], optimizer=syn0.SGD(1e20), epochs=50, verbose=0)
    assert all(np.isfinite(value).all() for value in net.parameters.values())
