"""The table of what a diagnosis looks for: limits, order of gravity, sources.

The limits stand between what twenty healthy trainings show and what planted faults show;
docs/decisions/0008-verdicts.md has both columns, and `tests/diagnosis` measures them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of verdict.

    Parameters
    ----------
    rank : int
        Its place in a report: causes come before what follows from them.
    threshold : float
        Where healthy networks end.
    source : str
        Who described it.
    above : bool
        Whether numbers above the threshold are wrong; else those below it.
    """

    rank: int
    threshold: float
    source: str
    above: bool = True


SMALL = 17  # the rank from which findings cost little
_SCALE = "LeCun et al., 1998"
_DEPTH = "Glorot and Bengio, 2010"

KINDS: dict[str, Kind] = {
    # The network does not compute what it seems to.
    "not_finite": Kind(0, 0, _SCALE),
    "double_softmax": Kind(1, 0, "Goodfellow et al., 2016, section 6.2.2"),
    "target_out_of_reach": Kind(2, 0, _SCALE),
    "label_leak": Kind(3, 0.9999, "Kaufman et al., 2012"),
    "no_activation": Kind(4, 0, "Hornik et al., 1989"),
    "identical_units": Kind(5, 0, "Rumelhart et al., 1986"),
    # Why it does not learn.
    "unscaled_input": Kind(6, 30, _SCALE),
    "tiny_input": Kind(6, 0.01, _SCALE, above=False),
    "unscaled_target": Kind(7, 30, _SCALE),
    "step_too_high": Kind(8, 0.1, _SCALE),
    "dead_units": Kind(9, 0.45, "Lu et al., 2019"),
    "saturation": Kind(10, 0.8, _DEPTH),
    "exploding_gradients": Kind(11, 1e3, "Pascanu et al., 2013"),
    "vanishing_gradients": Kind(12, 1e-3, _DEPTH, above=False),
    "step_too_low": Kind(13, 0.1, "Bengio, 2012", above=False),
    "update_ratio": Kind(14, 0.1, "Hinton, 2010"),
    # What comes of it.
    "collapse": Kind(15, 0.98, "Japkowicz and Stephen, 2002"),
    "constant_output": Kind(15, 1e-3, "Karpathy, 2019", above=False),
    "overfitting": Kind(16, 1.25, "Prechelt, 1998"),
    # What costs little.
    "duplicate_column": Kind(SMALL, 0.99999, "Belsley et al., 1980"),
    "constant_column": Kind(SMALL + 1, 0, "Kuhn and Johnson, 2013"),
}
