"""Verdicts: what is wrong with a network, its training or its data, and what to change.

A rule is a function of the evidence, which is numbers alone; the probe measures those that
only the network knows.
"""

from syn0.diagnosis.kinds import KINDS, Kind
from syn0.diagnosis.verdict import Report, Verdict

__all__ = ["KINDS", "Kind", "Report", "Verdict"]
