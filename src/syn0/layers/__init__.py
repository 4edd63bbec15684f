"""The layers, one idea a file: what each declares, what it computes."""

from __future__ import annotations

from syn0.layers.activation import Activation, PReLU
from syn0.layers.attention import Attention, MultiHeadAttention
from syn0.layers.augmentation import Cutout, RandomCrop, RandomFlip
from syn0.layers.convolution import Conv1D, Conv2D, DepthwiseConv2D
from syn0.layers.dense import Dense
from syn0.layers.embedding import Embedding
from syn0.layers.input import Input
from syn0.layers.layer import Layer
from syn0.layers.merging import Add, Concatenate
from syn0.layers.mixup import Mixup
from syn0.layers.normalization import (
    BatchNormalization,
    LayerNormalization,
    Normalization,
    Rescaling,
)
from syn0.layers.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool1D, MaxPool2D
from syn0.layers.regularization import Dropout, GaussianNoise
from syn0.layers.reshaping import Flatten, Reshape
from syn0.layers.resizing import Resize, ZeroPadding2D
from syn0.layers.rotation import RandomRotation
from syn0.layers.transposed import Conv2DTranspose

__all__ = [
    "Activation",
    "Add",
    "Attention",
    "AveragePool2D",
    "BatchNormalization",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Cutout",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianNoise",
    "GlobalAveragePool2D",
    "Input",
    "Layer",
    "LayerNormalization",
    "MaxPool1D",
    "MaxPool2D",
    "Mixup",
    "MultiHeadAttention",
    "Normalization",
    "PReLU",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "Rescaling",
    "Reshape",
    "Resize",
    "ZeroPadding2D",
]
