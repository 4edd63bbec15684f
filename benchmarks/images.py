"""The workloads of images: convolutional networks, trained and asked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks.workloads import Workload
from syn0.architectures import lenet, resnet, separable

_RESNET20 = Workload(
    "resnet20", "ResNet-20, 32x32x3, batch 32, SGD with momentum", partial(resnet, 20),
    optimizer="sgd", learning_rate=0.01, momentum=0.9, rows=128, batch=32,
    wanted={"torch": 1.5, "jax": 4},
)  # fmt: skip

IMAGES = (
    Workload(
        "lenet", "3x3 32, pool, 3x3 64, pool, 128, 10; 28x28x1, batch 64, Adam", lenet,
        rows=256, batch=64, wanted={"torch": 3, "jax": 8},
    ),
    _RESNET20,
    replace(
        _RESNET20, name="separable", network=separable,
        says="3x3 32, 6 separable blocks to 256; 32x32x3, batch 32, SGD with momentum",
        wanted={"torch": 2, "jax": 4},
    ),
    replace(
        _RESNET20, name="resnet20_one", says="ResNet-20, one image a call, NumPy in and out",
        task="predict_one", rows=1, batch=1, wanted={"torch": 5, "jax": 5, "onnxruntime": None},
    ),
    replace(
        _RESNET20, name="resnet20_predict", says="ResNet-20, 64 images in one call",
        task="predict", rows=64, batch=64, wanted={"torch": 2.2, "jax": 3, "onnxruntime": None},
    ),
)  # fmt: skip
