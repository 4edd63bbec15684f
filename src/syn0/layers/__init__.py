"""The layers, one idea a file: what each declares, what it computes."""

from __future__ import annotations

from syn0.layers.activation import Activation, PReLU
from syn0.layers.attention import Attention, MultiHeadAttention
from syn0.layers.dense import Dense
from syn0.layers.embedding import Embedding
from syn0.layers.input import Input
from syn0.layers.layer import Layer
from syn0.layers.merging import Add, Concatenate
from syn0.layers.normalization import (
    BatchNormalization,
    LayerNormalization,
    Normalization,
    Rescaling,
)
from syn0.layers.regularization import Dropout, GaussianNoise
from syn0.layers.reshaping import Flatten, GlobalAveragePool2D, Reshape, ZeroPadding2D

__all__ = [
    "Activation",
    "Add",
    "Attention",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool2D",
    "Input",
    "Layer",
    "LayerNormalization",
    "MultiHeadAttention",
    "Normalization",
    "PReLU",
    "Rescaling",
    "Reshape",
    "ZeroPadding2D",
]
