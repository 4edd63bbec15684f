"""Rules about layers: units that are dead, saturated or alike, gradients that fade or grow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from syn0.diagnosis.evidence import Evidence, exceeds, verdict
from syn0.diagnosis.verdict import Verdict, percent, short

_OF_NORMAL = 1e-30  # a gradient below this is no gradient: everything is learned, or dead


def dead_units(found: Evidence) -> Iterator[Verdict]:
    """Find rectified units that output 0 for every sample, so that nothing can wake them."""
    for site in found.flatness:
        dead, units = int(np.sum(site.shares == 1)), site.shares.size
        if site.activation != "relu" or not exceeds("dead_units", dead / units):
            continue
        are, they = ("are", "they output") if dead > 1 else ("is", "it outputs")
        neurons = "neuron" if units == 1 else "neurons"
        what = f"{dead:,} of {units:,} {neurons} of `{site.layer}` {are} dead: {they} 0 for"
        mend = 'activation="linear"' if site.is_output else 'activation="leaky_relu"'
        mend += _or_slower(found)
        yield verdict("dead_units", site.layer, dead / units, f"{what} {found.all_samples}", mend)


def saturation(found: Evidence) -> Iterator[Verdict]:
    """Find sigmoids and tanhs that stand at their ends, where the slope is nearly 0."""
    for site in found.flatness:
        share = float(site.shares.mean())
        if site.activation == "relu" or site.is_output or not exceeds("saturation", share):
            continue
        yield verdict(
            "saturation", site.layer, share,
            f"`{site.layer}` is saturated: {percent(share)} of its outputs lie at the ends of "
            f"{site.activation}, where the slope is nearly 0",
            f'initializer="auto"{_or_slower(found)}',
        )  # fmt: skip


def _or_slower(found: Evidence) -> str:
    """Return smaller steps as another way, where steps were done and their size is known."""
    return f", or {found.slower(10)}" if found.history and found.learning_rate else ""


def identical_units(found: Evidence) -> Iterator[Verdict]:
    """Find layers whose units have the same weights, and so always the same gradient."""
    for weights in found.weights:
        if weights.alike:
            yield verdict(
                "identical_units", weights.layer, 1,
                f"the units of `{weights.layer}` are all alike: {weights.name} gives each the same "
                "weights, and they get the same gradient",
                'initializer="auto"',
            )  # fmt: skip


def gradients(found: Evidence) -> Iterator[Verdict]:
    """Find gradients that fade or grow on their way from the last layer to the first."""
    signals = found.signals
    reached = [layer for layer, s in signals.items() if np.isfinite(s) and s > _OF_NORMAL]
    if not reached or next(iter(signals)) == reached[-1]:
        return
    last = reached[-1]
    before = list(signals)[: list(signals).index(last)]
    ratios = {layer: signals[layer] / signals[last] for layer in before}
    faded = min(ratios, key=lambda layer: ratios[layer])
    grown = max(ratios, key=lambda layer: ratios[layer])
    dead = any(s.activation == "relu" and (s.shares == 1).all() for s in found.flatness)
    if exceeds("vanishing_gradients", ratios[faded]) and not dead:
        yield verdict(
            "vanishing_gradients", faded, ratios[faded],
            f"gradients vanish on the way back to `{faded}`: there they are "
            f"{short(ratios[faded])} times those at `{last}`",
            _against_fading(found),
        )  # fmt: skip
    if exceeds("exploding_gradients", ratios[grown]):
        yield verdict(
            "exploding_gradients", grown, ratios[grown],
            f"gradients explode on the way back to `{grown}`: there they are "
            f"{short(ratios[grown])} times those at `{last}`",
            'initializer="auto", or clip_global_norm=1.0 in the optimizer',
        )  # fmt: skip


def _against_fading(found: Evidence) -> str:
    bounded = {s.activation for s in found.flatness if not s.is_output} & {"sigmoid", "tanh"}
    return 'activation="relu"' if bounded else 'initializer="auto", or syn0.BatchNormalization()'


def update_ratio(found: Evidence) -> Iterator[Verdict]:
    """Find weights that a single step changes by much of their size."""
    moved = [(w.update / w.size, w) for w in found.weights if w.update is not None and w.size]
    ratio, weights = max(moved, key=lambda pair: pair[0], default=(0.0, None))
    if weights is not None and exceeds("update_ratio", ratio):
        yield verdict(
            "update_ratio", weights.layer, ratio,
            f"a single step changes {weights.name} by {percent(ratio)} of its size",
            found.slower(10),
        )  # fmt: skip
