"""Graphs with convolutions and pooling in a file: all attributes come back, none is trusted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from wares import trip

import syn0
from syn0 import graph, ops
from syn0.files import graphs, records
from syn0.files.refusal import Refused


@dataclass(frozen=True)
class Windows(syn0.Layer):
    """A layer of one's own with each op that looks at windows."""

    def parameters(self, shape: Any) -> Any:
        return {"kernel": ((2, 3, 1, 4), syn0.initializers.HeNormal())}

    def forward(self, p: Any, x: Any, *, training: bool) -> Any:
        y = ops.conv2d(x, p["kernel"], (2, 1), "same", dilation=(1, 2), groups=2)
        y = ops.max_pool2d(y, 2, 1, 1) + ops.average_pool2d(y, (2, 2), 1, ((1, 1), (1, 1)))
        return ops.conv2d_transpose(y, np.ones((2, 2, 3, 4)), 2)


def test_a_layer_of_ones_own_comes_back_without_its_class(tmp_path: Path) -> None:
    net = syn0.Sequential(Windows(), syn0.Flatten(), random_state=0).build((5, 6, 2))
    again = trip(net, tmp_path)
    assert type(again["windows_1"]).__name__ == "StoredLayer"
    assert again.code() == net.code()
    assert "conv2d_dx(" in net.code()


def stored(**attributes: Any) -> records.Graph:
    """Return a graph of one pooling as it is read from the JSON of a file."""
    x = graph.input_tensor("x", (graph.batch, 6, 6, 2))
    record = graphs.take_down([ops.max_pool2d(x)], graphs.Ends([x]), graphs.Constants())
    plain = msgspec.to_builtins(record)
    (apply,) = (node for node in plain["nodes"] if node.get("op") == "max_pool2d")
    apply["attributes"] |= attributes
    return msgspec.json.decode(json.dumps(plain), type=records.Graph)


def draw(record: records.Graph) -> graph.Tensor:
    x = graph.input_tensor("x", (graph.batch, 6, 6, 2))
    return graphs.read_graph(record, {}).draw([x], {})[0][0]


def test_attributes_of_windows_come_back() -> None:
    found = draw(stored(padding=[[1, 0], [0, 1]], strides=[1, 2]))
    assert found.attributes == {
        "window": (2, 2), "strides": (1, 2), "padding": ((1, 0), (0, 1)),
    }  # fmt: skip
    assert found.shape == (graph.batch, 6, 3, 2)


@pytest.mark.parametrize("attributes", [
    {"strides": [0, 1]}, {"window": [0, 1]}, {"window": [7, 1]}, {"window": [20, 20]},
    {"padding": [[2, 0], [0, 0]]},
])  # fmt: skip
def test_windows_that_cannot_be_are_refused(attributes: Any) -> None:
    with pytest.raises((syn0.errors.ShapeError, Refused)):
        draw(stored(**attributes))


@pytest.mark.parametrize("attributes", [
    {"strides": [1]}, {"strides": 1}, {"padding": [1, 2]}, {"padding": [[1, -1], [0, 0]]},
    {"window": ["a", "b"]},
])  # fmt: skip
def test_attributes_of_another_form_are_refused(attributes: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        stored(**attributes)
