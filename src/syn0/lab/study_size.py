"""`syn0 study size`: width and depth against a boundary that gets harder."""

from __future__ import annotations

import numpy as np

import syn0
from syn0.lab.data import wave
from syn0.lab.page import percent, spread
from syn0.lab.study import Chart, Claim, Curve, Scale, Study

BENDS = (1, 3, 6)
WIDTHS = (2, 4, 8, 16, 32)
DEPTHS = (1, 2, 3)
GOOD = 0.95
# One wide hidden layer and two narrow ones with as many parameters, within a few.
WIDE, NARROW = (64,), (14, 14)


def run(scale: Scale) -> Study:
    """Measure accuracy on rows held out, for each size and each boundary."""
    epochs = scale.pick(600, 5)
    bends = scale.pick(len(BENDS), 2)
    seeds = range(scale.seeds)
    shapes = [(width,) * depth for depth in DEPTHS for width in WIDTHS] + [WIDE, NARROW]
    if scale.quick:
        shapes = [(2,), (4,), (2, 2), WIDE, NARROW]
    found = {
        (bend, shape): [accuracy(bend, shape, seed, epochs) for seed in seeds]
        for bend in BENDS[:bends]
        for shape in shapes
    }
    return Study(
        name="size",
        question=(
            "How large must a network be? Two classes lie above and below a wave; the more often "
            "it bends, the harder the boundary is to draw."
        ),
        seeds=scale.seeds,
        charts=[_chart(found, bend) for bend in BENDS[:bends]] + [_needed(found)],
        claims=_claims(found),
        curves=_curves(found),
        log_x=True,
    )


Found = dict[tuple[int, tuple[int, ...]], list[float]]


def accuracy(bends: int, shape: tuple[int, ...], seed: int, epochs: int) -> float:
    """Train a network with these hidden layers, and return its share of right answers."""
    X, y = wave(bends, 500, seed)
    net = syn0.Sequential(
        *(syn0.Dense(units, activation="tanh") for units in shape),
        syn0.Dense(1, activation="sigmoid"),
        random_state=seed,
    )
    net.fit(X, y, optimizer=syn0.Adam(0.02), epochs=epochs, batch_size=None, metrics=[], verbose=0)
    unseen, answers = wave(bends, 2_000, seed + 10_000)
    return float(np.mean((net.predict(unseen) > 0.5) == answers))


def _depths(found: Found) -> list[int]:
    return sorted({len(shape) for _, shape in found if shape not in (WIDE, NARROW)})


def _widths(found: Found) -> list[int]:
    return sorted({shape[0] for _, shape in found if shape not in (WIDE, NARROW)})


def _chart(found: Found, bends: int) -> Chart:
    rows = [
        [
            f"{depth} hidden layer{'s' if depth > 1 else ''}",
            *(
                spread([100 * a for a in found.get((bends, (width,) * depth), ())], 1)
                for width in _widths(found)
            ),
        ]
        for depth in _depths(found)
    ]
    return Chart(
        f"A wave with {bends} bend{'s' if bends > 1 else ''}",
        "Right answers on 2,000 points held out, in %, by units in each hidden layer.",
        ["", *(f"{width} units" for width in _widths(found))],
        rows,
    )


def smallest_good(found: Found, bends: int, depth: int, seed: int) -> int:
    """Return the smallest width that answers 95 % right, or twice the largest tried."""
    for width in _widths(found):
        scores = found.get((bends, (width,) * depth))
        if scores and scores[seed] >= GOOD:
            return width
    return 2 * max(_widths(found))


def _needed(found: Found) -> Chart:
    bends = sorted({bend for bend, _ in found})
    seeds = range(len(next(iter(found.values()))))
    largest = max(_widths(found))

    def cell(bend: int, depth: int) -> str:
        needed = float(np.median([smallest_good(found, bend, depth, s) for s in seeds]))
        return f"{needed:.0f}" if needed <= largest else f"more than {largest}"

    return Chart(
        f"Units needed for {percent(GOOD)}",
        "In each hidden layer, the smallest number tried that was good enough; median over seeds.",
        ["bends", *(f"{depth} deep" for depth in _depths(found))],
        [[bend, *(cell(bend, depth) for depth in _depths(found))] for bend in bends],
    )


def _curves(found: Found) -> list[Curve]:
    widths = _widths(found)
    return [
        Curve(
            f"{bend} bends: wrong answers against units",
            f"{depth} deep",
            [float(width) for width in widths if (bend, (width,) * depth) in found],
            [
                list(line)
                for line in zip(
                    *(
                        [max(1 - a, 1e-4) for a in found[bend, (width,) * depth]]
                        for width in widths
                        if (bend, (width,) * depth) in found
                    ),
                    strict=True,
                )
            ],
        )
        for bend in sorted({bend for bend, _ in found})
        for depth in _depths(found)
    ]


def _claims(found: Found) -> list[Claim]:
    bends = sorted({bend for bend, _ in found})
    easy, hard = bends[0], bends[-1]
    widths = _widths(found)
    narrow, wide = (widths[0],), (widths[-1],)
    seeds = range(len(found[easy, wide]))
    return [
        Claim(
            "The more complex the task, the more units it needs.",
            "doublings of the units needed, hardest wave against easiest, one hidden layer",
            [
                float(
                    np.log2(
                        smallest_good(found, hard, 1, seed) / smallest_good(found, easy, 1, seed)
                    )
                )
                for seed in seeds
            ],
        ),
        Claim(
            "More units draw a harder boundary better.",
            f"accuracy with {wide[0]} units minus with {narrow[0]}, hardest wave",
            _differences(found[hard, wide], found[hard, narrow]),
        ),
        Claim(
            "The right size depends on the task: what more units bring, an easy one gains less.",
            "gain by width on the hardest wave minus gain on the easiest",
            list(
                np.subtract(
                    _differences(found[hard, wide], found[hard, narrow]),
                    _differences(found[easy, wide], found[easy, narrow]),
                )
            ),
        ),
        Claim(
            "Depth does more than width with the same number of parameters.",
            f"accuracy of hidden layers {NARROW} minus {WIDE}, hardest wave",
            _differences(found[hard, NARROW], found[hard, WIDE]),
        ),
    ]


def _differences(first: list[float], second: list[float]) -> list[float]:
    return [a - b for a, b in zip(first, second, strict=True)]
