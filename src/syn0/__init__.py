"""Neural networks you can read, at the speed of your machine.

>>> import syn0
>>> net = syn0.Sequential(syn0.Dense(4, activation="sigmoid", name="hidden"), syn0.Dense(1))

The names below are the library. Each is loaded when it is first used, so that
``import syn0`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from syn0 import activations as activations
    from syn0 import architectures as architectures
    from syn0 import data as data
    from syn0 import errors as errors
    from syn0 import graph as graph
    from syn0 import initializers as initializers
    from syn0 import layers as layers
    from syn0 import losses as losses
    from syn0 import metrics as metrics
    from syn0 import neural_network as neural_network
    from syn0 import ops as ops
    from syn0 import optimizers as optimizers
    from syn0 import penalties as penalties
    from syn0 import plots as plots
    from syn0 import schedules as schedules
    from syn0 import tables as tables
    from syn0 import training as training
    from syn0.layers import Activation as Activation
    from syn0.layers import Add as Add
    from syn0.layers import Attention as Attention
    from syn0.layers import AveragePool2D as AveragePool2D
    from syn0.layers import BatchNormalization as BatchNormalization
    from syn0.layers import Concatenate as Concatenate
    from syn0.layers import Conv1D as Conv1D
    from syn0.layers import Conv2D as Conv2D
    from syn0.layers import Conv2DTranspose as Conv2DTranspose
    from syn0.layers import Dense as Dense
    from syn0.layers import DepthwiseConv2D as DepthwiseConv2D
    from syn0.layers import Dropout as Dropout
    from syn0.layers import Embedding as Embedding
    from syn0.layers import Flatten as Flatten
    from syn0.layers import GaussianNoise as GaussianNoise
    from syn0.layers import GlobalAveragePool2D as GlobalAveragePool2D
    from syn0.layers import Input as Input
    from syn0.layers import Layer as Layer
    from syn0.layers import LayerNormalization as LayerNormalization
    from syn0.layers import MaxPool1D as MaxPool1D
    from syn0.layers import MaxPool2D as MaxPool2D
    from syn0.layers import MultiHeadAttention as MultiHeadAttention
    from syn0.layers import Normalization as Normalization
    from syn0.layers import PReLU as PReLU
    from syn0.layers import Rescaling as Rescaling
    from syn0.layers import Reshape as Reshape
    from syn0.layers import Resize as Resize
    from syn0.layers import ZeroPadding2D as ZeroPadding2D
    from syn0.loading import load as load
    from syn0.model import Model as Model
    from syn0.model import Sequential as Sequential
    from syn0.model import check_gradients as check_gradients
    from syn0.networks import Residual as Residual
    from syn0.optimizers import LBFGS as LBFGS
    from syn0.optimizers import SGD as SGD
    from syn0.optimizers import Adadelta as Adadelta
    from syn0.optimizers import Adagrad as Adagrad
    from syn0.optimizers import Adam as Adam
    from syn0.optimizers import AdamW as AdamW
    from syn0.optimizers import Lion as Lion
    from syn0.optimizers import Muon as Muon
    from syn0.optimizers import Nadam as Nadam
    from syn0.optimizers import RMSprop as RMSprop
    from syn0.penalties import L1 as L1
    from syn0.penalties import L2 as L2
    from syn0.schedules import ConstantSchedule as ConstantSchedule
    from syn0.schedules import CosineDecay as CosineDecay
    from syn0.schedules import ExponentialDecay as ExponentialDecay
    from syn0.schedules import OneCycle as OneCycle
    from syn0.schedules import StepDecay as StepDecay
    from syn0.schedules import WarmupCosine as WarmupCosine
    from syn0.training import Checkpoint as Checkpoint
    from syn0.training import CSVLogger as CSVLogger
    from syn0.training import EarlyStopping as EarlyStopping
    from syn0.training import LambdaCallback as LambdaCallback
    from syn0.training import ReduceLROnPlateau as ReduceLROnPlateau

# What each module brings through the door; the block above says the same to type checkers.
_DOOR = {
    "model": "Sequential Model check_gradients",
    "loading": "load",
    "layers": "Layer Input Dense Activation PReLU Dropout GaussianNoise Rescaling Normalization "
    "BatchNormalization LayerNormalization Flatten Reshape Embedding Conv1D Conv2D "
    "DepthwiseConv2D Conv2DTranspose ZeroPadding2D Resize MaxPool1D MaxPool2D AveragePool2D "
    "GlobalAveragePool2D Attention MultiHeadAttention Add Concatenate",
    "networks": "Residual",
    "optimizers": "SGD RMSprop Adagrad Adadelta Adam AdamW Nadam Lion Muon LBFGS",
    "schedules": "ConstantSchedule StepDecay ExponentialDecay CosineDecay OneCycle WarmupCosine",
    "penalties": "L1 L2",
    "training": "EarlyStopping ReduceLROnPlateau Checkpoint CSVLogger LambdaCallback",
}
_HOMES = {name: f"syn0.{home}" for home, names in _DOOR.items() for name in names.split()}
_MODULES = (
    "activations architectures data errors graph initializers layers losses metrics "
    "neural_network ops optimizers penalties plots schedules tables training"
).split()

__all__ = [*_HOMES, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"syn0.{name}")
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name.startswith("_"):
        raise AttributeError(f"module 'syn0' has no attribute {name!r}", name=name)
    raise importlib.import_module("syn0.hints").unknown_name(name, __all__)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
