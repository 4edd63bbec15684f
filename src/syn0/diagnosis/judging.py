"""All rules, one after the other."""

from __future__ import annotations

import numpy as np

from syn0.diagnosis import answers, course, data, layers
from syn0.diagnosis.evidence import Evidence, Rule
from syn0.diagnosis.verdict import Report

RULES: tuple[Rule, ...] = (
    course.not_finite,
    answers.double_softmax,
    answers.out_of_reach,
    answers.no_activation,
    layers.identical_units,
    data.input_scale,
    data.target_scale,
    data.constant_target,
    data.columns,
    course.own_derivative,
    course.step_too_high,
    layers.dead_units,
    layers.saturation,
    layers.gradients,
    course.step_too_low,
    layers.update_ratio,
    answers.collapse,
    course.overfitting,
)


def judge_all(found: Evidence, about: str = "") -> Report:
    """Return what the rules say of the evidence."""
    with np.errstate(all="ignore"):  # numbers that are not finite are judged like others
        return Report([verdict for rule in RULES for verdict in rule(found)], about)
