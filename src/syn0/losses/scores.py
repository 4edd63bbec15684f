"""Whether the output of a network holds scores or probabilities, read from its graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from syn0.graph import Tensor, apply
from syn0.simplify import simplify

# Ops that only move values.
_MOVES = ("reshape", "squeeze", "expand_dims", "permute_dims", "matrix_transpose", "slice")
# Ops that make probabilities, up to a scale, of probabilities and numbers alone.
_KEEPS = frozenset(
    "add multiply divide pow square sqrt minimum maximum sum mean max concat pad take matmul "
    "einsum astype broadcast_to stop_gradient".split()
) | {*_MOVES}


def scores_before(activation: str, y_pred: Any) -> Tensor | None:
    """Return the scores that `activation` made probabilities of, None if they are not known.

    Outputs of a linear layer are scores themselves. Probabilities whose scores are not known
    are those of another activation, of one written by hand, or several combined. A reshape
    after the activation is moved before it, where each sample keeps its own scores.

    Parameters
    ----------
    activation : {"sigmoid", "softmax"}
        The op that makes probabilities.
    y_pred : Tensor or array
        The output of the network; plain arrays are probabilities.
    """
    if not isinstance(y_pred, Tensor):
        return None
    moves = _moves_after(y_pred)
    made = moves[-1].inputs[0] if moves else y_pred
    if made.op.name != activation:
        return None if _holds_probabilities(y_pred) else y_pred
    if activation == "softmax" and not all(map(_keeps_last_axis, moves)):
        return None
    scores = made.inputs[0]
    for move in reversed(moves):
        scores = apply(move.op, scores, **move.attributes)
    return scores


def activation_before(y_pred: Any) -> str | None:
    """Return "softmax" or "sigmoid" if the values come from it and were only moved since.

    Examples
    --------
    >>> from syn0 import graph, ops
    >>> x = graph.input_tensor("x", (graph.batch, 4))
    >>> activation_before(ops.reshape(ops.sigmoid(x), (graph.batch, 2, 2)))
    'sigmoid'
    """
    if not isinstance(y_pred, Tensor):
        return None
    y = y_pred
    while y.op.name in (*_MOVES, "custom_derivative"):
        y = y.inputs[0]
    return y.op.name if y.op.name in ("softmax", "sigmoid") else None


# The losses that take scores, and the function that makes probabilities of them.
_TAKES_SCORES = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "focal": "softmax"}


def missing_activation(loss: Any, y_pred: Tensor) -> str | None:
    """Return what makes probabilities of an output that a loss takes as scores.

    Returns
    -------
    "softmax", "sigmoid" or None
        None where the output holds no scores, or the loss does not tell.
    """
    wanted = _TAKES_SCORES.get(getattr(loss, "name", ""))
    if wanted and y_pred.shape[-1:] == (1,):
        wanted = "sigmoid"
    return wanted if wanted and scores_before(wanted, y_pred) is y_pred else None


def _moves_after(y: Tensor) -> list[Tensor]:
    """Return the moves that end in `y`, the last one first."""
    moves = []
    while y.op.name in _MOVES:
        moves.append(y)
        y = y.inputs[0]
    return moves


def _keeps_last_axis(move: Tensor) -> bool:
    """Tell whether each row of the last axis stays together and whole."""
    before = move.inputs[0]
    if move.op.name == "permute_dims":
        return bool(move.attributes["axes"][-1] == before.ndim - 1)
    if move.op.name == "expand_dims":
        return bool(move.attributes["axis"] < before.ndim)
    if move.op.name == "squeeze":
        return bool(move.attributes["axis"] < before.ndim - 1)
    if move.op.name == "slice":
        return len(move.attributes["key"]) < before.ndim or before.shape[-1:] == move.shape[-1:]
    return move.op.name == "reshape" and before.shape[-1:] == move.shape[-1:]


# ----- probabilities, however they were combined --------------------------


def _holds_probabilities(y: Tensor) -> bool:
    """Tell whether all that `y` combines, but for numbers and masks, is probabilities."""
    found, seen, waiting = False, set[int](), [y]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or (part is not y and _is_number(part)):
            continue
        seen.add(id(part))
        if _makes_probabilities(part):
            found = True
            continue
        parts = _combined(part)
        if not parts:
            return False
        waiting.extend(parts)
    return found


def _combined(y: Tensor) -> Sequence[Tensor]:
    """Return what `y` combines, nothing if that may turn probabilities into scores."""
    name = y.op.name
    if name == "custom_derivative":
        return y.inputs[:1]
    if name == "where":
        return y.inputs[1:]
    if name == "subtract" and _is_number(y.inputs[0]):
        return y.inputs[1:]
    noise = [_is_noise(x) for x in y.inputs]
    if name == "add" and any(noise):
        return [x for x, noisy in zip(y.inputs, noise, strict=True) if not noisy]
    negative = any(_least(x) < 0 for x in y.inputs)
    return y.inputs if name in _KEEPS and not negative else ()


def _is_number(y: Tensor) -> bool:
    """Tell whether a part is no output but a number, an array of them, or a mask."""
    return y.shape == () or y.dtype == "bool" or y.op.name in ("constant", "random_uniform")


def _is_noise(y: Tensor) -> bool:
    parts = y.inputs if y.op.name == "multiply" else (y,)
    return any(part.op.name == "random_normal" for part in parts)


def _least(y: Tensor) -> float:
    """Return the smallest value of a constant, 0 for what is not known."""
    value = y.attributes["value"] if y.op.name == "constant" else 0
    return float(value.min() if hasattr(value, "min") else value)


def _makes_probabilities(y: Tensor) -> bool:
    """Tell whether the last ops are those of a softmax, a sigmoid, or one written by hand."""
    if y.op.name == "divide":
        return _is_share(*y.inputs)
    if y.op.name == "exp" and y.inputs[0].op.name == "subtract":
        return y.inputs[0].inputs[1].op.name == "logsumexp"
    if y.op.name == "minimum":  # hard_sigmoid
        return y.inputs[1].attributes.get("value") == 1 and y.inputs[0].op.name == "maximum"
    return y.op.name in ("sigmoid", "softmax")


def _is_share(part: Tensor, whole: Tensor) -> bool:
    """Tell whether it is e / sum(e), 1 / (1 + exp(-x)) or exp(x) / (1 + exp(x))."""
    while whole.op.name in (*_MOVES, "broadcast_to"):
        whole = whole.inputs[0]
    if whole.op.name == "sum":
        return part.op.name == "exp" and _same(part, whole.inputs[0])
    if whole.op.name != "add" or not any(map(_is_number, whole.inputs)):
        return False
    rest = next((x for x in whole.inputs if x.op.name in ("exp", "sum")), None)
    if rest is None or rest.op.name == "sum":
        return rest is not None and _is_share(part, rest)
    return _is_number(part) or _same(part, rest)


def _same(x: Tensor, y: Tensor) -> bool:
    """Tell whether two expressions are equal, though they may have been written twice."""
    if x is y:
        return True
    first, second = simplify([x, y])
    return first is second
