"""Rules about the course of training: steps too long or too short, and overfitting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from syn0.diagnosis.evidence import Evidence, exceeds, verdict
from syn0.diagnosis.kinds import KINDS
from syn0.diagnosis.verdict import Verdict
from syn0.training.history import format_number

FEW = 3  # epochs that show no trend yet
LONGER = (1e3, 1e4, 1e5, 1e6)  # times the length of a step: are steps too short?
LEARNED = 0.05  # of the first loss: where less is left there is no more to be learned
GAIN = 0.05  # of the loss, that a single step of the right length saves where much is to be learned


def not_finite(found: Evidence) -> Iterator[Verdict]:
    """Find a loss that is no number."""
    if found.loss is not None and not math.isfinite(found.loss):
        yield verdict(
            "not_finite", "loss", found.loss,
            f"the loss of {found.all_samples} together is {found.loss}",
            f"syn0.Normalization() as the first layer, or {found.slower(10)}",
        )  # fmt: skip


def step_too_high(found: Evidence) -> Iterator[Verdict]:
    """Find a loss that rises, or swings to and fro, or that one step makes larger."""
    losses = _losses(found)
    if len(losses) >= FEW:
        last, low, whole = losses[-1], min(losses), _whole(found, losses)
        rise = (last - low) / whole if whole else 0.0
        if exceeds("step_too_high", rise):
            yield _too_high(
                found, rise,
                f"the loss rises: it was down to {format_number(low)} and ended at "
                f"{format_number(last)}",
            )  # fmt: skip
            return
        swing = _swing(losses) / whole if whole else 0.0
        if exceeds("step_too_high", swing):
            yield _too_high(
                found, swing,
                "the loss swings to and fro: from epoch to epoch by "
                f"{format_number(swing * whole)}, while it ended at {format_number(last)}",
            )  # fmt: skip
            return
    if found.loss_after is None or found.loss is None or not math.isfinite(found.loss):
        return
    after = found.loss_after(1)
    whole = _whole(found, losses or [found.loss])
    rise = (after - found.loss) / whole if whole else 0.0
    if not exceeds("step_too_high", rise) and math.isfinite(after):
        return
    if found.loss_after(0.1) < after or not math.isfinite(after):
        yield _too_high(
            found, rise,
            f"one step raises the loss of its own samples from {format_number(found.loss)} to "
            f"{format_number(after)}",
        )  # fmt: skip


def _too_high(found: Evidence, number: float, message: str) -> Verdict:
    return verdict("step_too_high", "loss", number, message, found.slower(10))


def _whole(found: Evidence, losses: Sequence[float]) -> float:
    """Return what changes of the loss are measured by: about the loss of knowing nothing.

    A fit that goes on where another ended begins with a loss that is small already.
    """
    return max(abs(losses[0]), abs(found.first_loss))


def _swing(losses: Sequence[float]) -> float:
    """Return the usual change between epochs of the later half, if it often turns."""
    late = np.asarray(losses[len(losses) // 2 :])
    if len(late) < FEW:
        return 0.0
    changes = np.diff(late)
    turns = np.mean(np.sign(changes[1:]) != np.sign(changes[:-1]))
    return float(np.median(np.abs(changes))) if turns >= 0.4 else 0.0


def own_derivative(found: Evidence) -> Iterator[Verdict]:
    """Find derivatives of one's own in a network that does not learn."""
    losses = _losses(found)
    fall = _standstill(found, "own_derivative")
    if fall is None or not found.own_derivatives:
        return
    first, *others = found.own_derivatives
    who = f"`{first}` and {len(others)} more learn" if others else f"`{first}` learns"
    way = "rises" if fall < 0 else "hardly falls"
    yield verdict(
        "own_derivative", first, fall,
        f"the loss {way}, from {format_number(losses[0])} to {format_number(losses[-1])} in "
        f"{len(losses)} epochs, and {who} by a derivative of your own, which may be wrong",
        "syn0.check_gradients(net, X[:20], y[:20])",
    )  # fmt: skip


def _standstill(found: Evidence, kind: str) -> float | None:
    """Return the share by which the loss fell, where that is little and much is left of it."""
    losses = _losses(found)
    if len(losses) < FEW or not losses[0] or found.loss is None:
        return None
    fall = (losses[0] - losses[-1]) / abs(losses[0])
    learned = abs(found.loss) < LEARNED * _whole(found, losses)
    return fall if exceeds(kind, fall) and not learned else None


def step_too_low(found: Evidence) -> Iterator[Verdict]:
    """Find a loss that hardly falls where steps many times as long would lower it."""
    losses = _losses(found)
    fall = _standstill(found, "step_too_low")
    if fall is None or fall < -KINDS["step_too_low"].threshold:
        return
    if found.loss_after is None or found.loss is None:
        return
    for times in LONGER:
        further = found.loss_after(times)
        if found.loss - further > GAIN * abs(found.loss):
            yield verdict(
                "step_too_low", "loss", fall,
                f"the loss hardly falls: from {format_number(losses[0])} to "
                f"{format_number(losses[-1])} in {len(losses)} epochs; a single step {times:,.0f} "
                f"times as long would lower it to {format_number(further)}",
                found.slower(10 / times),
            )  # fmt: skip
            return


def overfitting(found: Evidence) -> Iterator[Verdict]:
    """Find a validation loss that turned up while the loss of training went on falling."""
    held, losses = _losses(found, "val_loss"), _losses(found)
    if len(held) < FEW or len(held) != len(losses):
        return
    best = int(np.argmin(held))
    rise = held[-1] / held[best] if held[best] > 0 else 1.0
    visible = held[-1] - held[best] > LEARNED * abs(held[0])
    if exceeds("overfitting", rise) and visible and losses[-1] < losses[best]:
        yield verdict(
            "overfitting", "val_loss", rise,
            f"it overfits since epoch {best + 1}: val_loss rose from {format_number(held[best])} "
            f"to {format_number(held[-1])}, while loss fell to {format_number(losses[-1])}",
            "callbacks=[syn0.EarlyStopping()], or syn0.Dropout(0.5) before the last layer",
        )  # fmt: skip


def _losses(found: Evidence, key: str = "loss") -> list[float]:
    return [value for value in found.history.get(key, ()) if math.isfinite(value)]
