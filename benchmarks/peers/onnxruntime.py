"""ONNX Runtime: PyTorch's network, written as ONNX and asked; it does not train."""

from __future__ import annotations

import io
import warnings
from functools import partial
from typing import Any

import numpy as np
import onnx  # noqa: F401 (PyTorch needs it to write ONNX)
import onnxruntime
import torch
from torch import nn

from benchmarks.peers import Ways
from benchmarks.peers.torch_network import network
from benchmarks.workloads import Array, Weights, Workload


def contenders(workload: Workload, weights: Weights, threads: int) -> Ways:
    if workload.task == "train":
        return {}
    counts = {"one thread": 1, f"{threads} threads": threads}
    return {name: partial(Session, workload, weights, count) for name, count in counts.items()}


class Session:
    """A session of the whole network; one row comes and goes as a NumPy array."""

    def __init__(self, workload: Workload, weights: Weights, threads: int) -> None:
        self.workload = workload
        self.X = workload.data()[0]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3  # errors only
        text = written(workload, weights, torch.from_numpy(channels_first(self.X)))
        self.session = onnxruntime.InferenceSession(
            text, options, providers=["CPUExecutionProvider"]
        )
        self.entrance = self.session.get_inputs()[0].name

    def call(self, X: Array) -> Any:
        """Return the output for each row."""
        return self.session.run(None, {self.entrance: X})[0]

    def run(self, times: int) -> None:
        """See `Contender`."""
        if self.workload.task == "predict":
            X = channels_first(self.X)
            for _ in range(times):
                self.call(X)
        else:
            for _ in range(times):
                self.call(channels_first(self.X))

    def predict(self) -> Array:
        """Return the output for each row."""
        found: Array = self.call(channels_first(self.X))
        return found


def channels_first(X: Array) -> Array:
    """Return features as they are, and images as (n, channels, height, width)."""
    return np.ascontiguousarray(X.transpose(0, 3, 1, 2)) if X.ndim == 4 else X


def written(workload: Workload, weights: Weights, example: Any) -> bytes:
    """Return the network as ONNX, its batch normalization folded into the convolutions."""
    net = nn.Sequential(network(workload.parts, weights), nn.Softmax(dim=-1)).eval()
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the newer writer asks for more
        torch.onnx.export(net, (example,), file, dynamo=False)
    return file.getvalue()
