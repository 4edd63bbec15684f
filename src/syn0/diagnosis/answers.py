"""Rules about what comes out: outputs that cannot be right, or that are always the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from syn0.diagnosis.evidence import Answer, Evidence, exceeds, verdict
from syn0.diagnosis.verdict import Verdict, percent, short

_REACH = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}
_FREQUENT = 0.97  # of the samples: where one class is as frequent, nothing else is to be said


def double_softmax(found: Evidence) -> Iterator[Verdict]:
    """Find probabilities that are taken for scores."""
    for layer, message in found.doubled:
        yield verdict("double_softmax", layer, 1, message, f'activation="linear" in `{layer}`')


def no_activation(found: Evidence) -> Iterator[Verdict]:
    """Find networks of several layers that can do no more than one."""
    if len(found.linear) > 1:
        first, last = found.linear[0], found.linear[-1]
        yield verdict(
            "no_activation", first, len(found.linear) - 1,
            f"no activation stands between `{first}` and `{last}`: these {len(found.linear)} "
            "layers can do no more than one",
            'activation="relu"',
        )  # fmt: skip


def out_of_reach(found: Evidence) -> Iterator[Verdict]:
    """Find targets that the last activation can never put out."""
    for answer in found.answers:
        low, high = _REACH.get(answer.activation, (-np.inf, np.inf))
        y = answer.y_true
        if y is None or answer.kind != "values":
            continue
        share = float(np.mean((y < low) | (y > high)))
        if exceeds("target_out_of_reach", share):
            reach = f"{short(low)} to {short(high)}" if high < np.inf else f"{short(low)} upward"
            yield verdict(
                "target_out_of_reach", answer.layer, share,
                f"{percent(share)} of the targets of `{answer.layer}` lie beyond what "
                f"{answer.activation} puts out, {reach}: they go from {short(float(y.min()))} to "
                f"{short(float(y.max()))}",
                'activation="linear"',
            )  # fmt: skip


def collapse(found: Evidence) -> Iterator[Verdict]:
    """Find outputs that are the same whatever comes in."""
    for answer in found.answers:
        y = answer.y_true
        if y is None or len(y) < 2 or not answer.varied:
            continue
        if answer.kind == "values":
            yield from _flat_answer(found, answer)
        else:
            yield from _one_class(found, answer)


def _one_class(found: Evidence, answer: Answer) -> Iterator[Verdict]:
    chosen, wanted = _classes(answer)
    if chosen.size == 0:
        return
    labels, counts = np.unique(chosen, return_counts=True)
    most = int(labels[np.argmax(counts)])
    share, truth = float(counts.max() / chosen.size), float(np.mean(wanted == most))
    if not exceeds("collapse", share) or truth > _FREQUENT:
        return
    frequent = float(np.unique(wanted, return_counts=True)[1].max() / wanted.size)
    rare = truth == frequent and truth > 0.6
    yield verdict(
        "collapse", answer.layer, share,
        f"`{answer.layer}` answers class {most} for {_of_all(share, found)}, though it is "
        f"right for {percent(truth)} of all",
        'class_weight="balanced"' if rare else found.slower(10),
    )  # fmt: skip


def _of_all(share: float, found: Evidence) -> str:
    return found.all_samples if share == 1 else f"{100 * share:.1f} % of the samples"


def _classes(answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """Return the class that each sample is given, and the one it has."""
    y, p = np.asarray(answer.y_true), answer.y_pred
    if answer.kind == "classes":
        wanted = y if y.ndim < p.ndim else y.argmax(axis=-1)
        return p.argmax(axis=-1).ravel(), wanted.ravel()
    if p.shape[-1] != 1:
        return np.zeros(0), np.zeros(0)
    middle = 0.5 if answer.activation == "sigmoid" else 0.0
    return (p > middle).astype(int).ravel(), (y > 0.5).astype(int).ravel()


def _flat_answer(found: Evidence, answer: Answer) -> Iterator[Verdict]:
    y, p = np.asarray(answer.y_true, dtype="float64"), answer.y_pred.astype("float64")
    spread = float(y.std(axis=0).max())
    if spread == 0 or not np.isfinite(p).all():
        return
    share = float(p.std(axis=0).max()) / spread
    if exceeds("constant_output", share):
        yield verdict(
            "constant_output", answer.layer, share,
            f"`{answer.layer}` puts out nearly the same for {found.all_samples}: about "
            f"{short(float(p.mean()))}, while the targets go from {short(float(y.min()))} to "
            f"{short(float(y.max()))}",
            f"syn0.Normalization() as the first layer, or {found.slower(10)}",
        )  # fmt: skip
