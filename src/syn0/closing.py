"""The line at the end of `fit`: the gravest thing that is wrong, if anything is.

Nothing of it runs while the network trains. At the end the rules look at the history, and,
if the fit lasted long enough to pay for it, at a probe of some samples.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from syn0.diagnosing import AT_ONCE, MOST, Subject, gather, gather_course
from syn0.diagnosis.judging import judge_all
from syn0.diagnosis.verdict import Report
from syn0.training.events import Event, FitEnded, FitStarted
from syn0.training.run import Listener, Run

SHARE = 0.05  # of a fit's time that its verdict may take
UNNOTICED = 0.025  # seconds that nobody notices, as long as the fit took as many
# What a probe takes, by benchmarks/verdicts.py: to be drawn, for each layer, and to be computed.
_DRAWN, _A_LAYER, _A_SECOND = 0.012, 0.005, 2e10
CUT_SHORT = ("interrupted", "not_finite")  # a person waits, or an error says it


class ClosingLine(Listener):
    """Says at the end of a fit what is wrong, in one line.

    Parameters
    ----------
    subject : callable
        ``subject(reason, step)`` returns what to look at when the fit has ended so.
    """

    hears_epochs = False
    reads_state = False

    def __init__(self, subject: Callable[[str, int], Subject]) -> None:
        self._subject = subject
        self._began = 0.0

    def receive(self, event: Event, run: Run) -> None:
        """Take the time, and speak at the end."""
        if isinstance(event, FitStarted):
            self._began = time.perf_counter()
        elif isinstance(event, FitEnded) and event.reason not in CUT_SHORT:
            try:
                # The last step that was done: the next may lie beyond the end of a schedule.
                subject = self._subject(event.reason, max(run.step - 1, 0))
                report = look(subject, time.perf_counter() - self._began)
            except Exception:
                return  # a verdict must never cost a training; `net.diagnose` tells the error
            if report:
                more = f" ({len(report) - 1} more: net.diagnose(X, y))" if report[1:] else ""
                run.say(f"verdict: {report[0]}{more}")


def look(subject: Subject, seconds: float) -> Report:
    """Return what is found in the time that a fit of so many seconds is worth.

    Parameters
    ----------
    subject : Subject
        What was trained.
    seconds : float
        How long.
    """
    known = bool(subject.data.inputs)
    samples = min(subject.data.samples, MOST) if known else 0
    samples = max(min(samples, int(AT_ONCE / (6 * max(subject.weights, 1)))), min(samples, 100))
    layers = len(subject.model.layers)
    price = _DRAWN + _A_LAYER * layers + 6 * samples * subject.weights / _A_SECOND
    if known and price <= max(SHARE * seconds, min(UNNOTICED, seconds)):
        return judge_all(gather(subject, samples, at_once=True))
    return judge_all(gather_course(subject))
