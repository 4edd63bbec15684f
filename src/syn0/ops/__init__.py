"""The ops: symbolic on tensors, computed at once on plain arrays. Names as in the array API."""

from syn0.ops.contraction import matmul, tensordot
from syn0.ops.convolution import conv1d, conv2d, conv2d_transpose
from syn0.ops.elementwise import (
    abs,
    add,
    astype,
    clip,
    cos,
    divide,
    erf,
    exp,
    expm1,
    log,
    log1p,
    logaddexp,
    maximum,
    minimum,
    multiply,
    negative,
    pow,
    relu,
    sigmoid,
    sigmoid_cross_entropy,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from syn0.ops.indexing import concat, one_hot, pad, scatter_add, stack, take
from syn0.ops.logic import (
    equal,
    greater,
    greater_equal,
    isfinite,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
)
from syn0.ops.pooling import average_pool2d, max_pool2d
from syn0.ops.random import random_normal, random_uniform
from syn0.ops.reduction import (
    argmax,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    softmax,
    softmax_cross_entropy,
    var,
)
from syn0.ops.resizing import resize
from syn0.ops.structure import (
    broadcast_to,
    custom_derivative,
    expand_dims,
    matrix_transpose,
    permute_dims,
    reshape,
    squeeze,
    stop_gradient,
    sum,
)

__all__ = [
    "abs", "add", "argmax", "astype", "average_pool2d", "broadcast_to", "clip", "concat", "conv1d",
    "conv2d", "conv2d_transpose", "cos", "custom_derivative", "divide", "equal", "erf", "exp",
    "expand_dims", "expm1", "greater", "greater_equal", "isfinite", "less", "less_equal", "log",
    "log1p", "log_softmax", "logaddexp", "logical_and", "logical_not", "logical_or", "logsumexp",
    "matmul", "matrix_transpose", "max", "max_pool2d", "maximum", "mean", "min", "minimum",
    "multiply", "negative", "not_equal", "one_hot", "pad", "permute_dims", "pow", "random_normal",
    "random_uniform", "relu", "reshape", "resize", "scatter_add", "sigmoid",
    "sigmoid_cross_entropy", "sign", "sin", "softmax", "softmax_cross_entropy", "sqrt", "square",
    "squeeze", "stack", "stop_gradient", "subtract", "sum", "take", "tanh", "tensordot", "var",
    "where",
]  # fmt: skip
