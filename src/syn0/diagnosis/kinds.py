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
    share : bool
        Whether the number is a share, to be read in %.
    """

    rank: int
    threshold: float
    source: str
    above: bool = True
    share: bool = False


SMALL = 19  # the rank from which findings cost little
_SCALE = "LeCun et al., 1998"
_DEPTH = "Glorot and Bengio, 2010"
_PRACTICE = "Bengio, 2012"
_COLUMNS = "Kuhn and Johnson, 2013"

KINDS: dict[str, Kind] = {
    # The network does not compute what it seems to.
    "not_finite": Kind(0, 0, _SCALE),
    "double_softmax": Kind(1, 0, "Goodfellow et al., 2016, section 6.2.2"),
    "target_out_of_reach": Kind(2, 0, _SCALE, share=True),
    "constant_target": Kind(3, 2, _COLUMNS, above=False),
    "label_leak": Kind(4, 0.9999, "Kaufman et al., 2012"),
    "no_activation": Kind(5, 0, "Hornik et al., 1989"),
    "identical_units": Kind(6, 0, "Rumelhart et al., 1986"),
    # Why it does not learn.
    "unscaled_input": Kind(7, 30, _SCALE),
    "tiny_input": Kind(7, 0.01, _SCALE, above=False),
    "unscaled_target": Kind(8, 30, _SCALE),
    "own_derivative": Kind(9, 0.1, _PRACTICE, above=False, share=True),
    "step_too_high": Kind(10, 0.1, _SCALE, share=True),
    "dead_units": Kind(11, 0.45, "Lu et al., 2019", share=True),
    "saturation": Kind(12, 0.8, _DEPTH, share=True),
    "exploding_gradients": Kind(13, 1e3, "Pascanu et al., 2013"),
    "vanishing_gradients": Kind(14, 1e-3, _DEPTH, above=False),
    "step_too_low": Kind(15, 0.1, _PRACTICE, above=False, share=True),
    "update_ratio": Kind(16, 0.1, "Hinton, 2010", share=True),
    # What comes of it.
    "collapse": Kind(17, 0.98, "Japkowicz and Stephen, 2002", share=True),
    "constant_output": Kind(17, 1e-3, "Karpathy, 2019", above=False, share=True),
    "overfitting": Kind(18, 1.25, "Prechelt, 1998"),
    # What costs little.
    "duplicate_column": Kind(SMALL, 0.99999, "Belsley et al., 1980"),
    "constant_column": Kind(SMALL + 1, 0, _COLUMNS),
}
