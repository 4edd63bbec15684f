"""The words of the table by which Python and the threads of a driver tell each other all."""

from __future__ import annotations

from enum import IntEnum, auto


class Word(IntEnum):
    """The words of the table that a driver is given; a plan's slots follow."""

    ARENA = 0
    ARENA_BYTES = auto()  # of one thread's, where each has its own
    STATE = auto()  # the current copy
    NEXT = auto()  # the copy that the step under way writes
    BARRIER = auto()
    NUMBERS = auto()  # the plan's sizes, as `Driver` lists them
    COUNT = auto()  # steps to run, or rows
    SAMPLES = auto()
    TOTALS = auto()  # the row that figures are added to
    TOTALS_LEFT = auto()  # steps until the next row
    STEPS_PER_EPOCH = auto()
    CYCLES = auto()  # of the processor's clock that the call may last
    DONE = auto()  # steps, written after each
    ABORT = auto()  # stop after the step under way: set by Python, or when time is over
    STATUS = auto()  # two words, of odd and even steps: what was not finite or out of range
    STATUS_ODD = auto()
    STOP = auto()  # two words, likewise: thread 0 saw ABORT
    STOP_ODD = auto()
    ENTERED = auto()  # threads that came
    SLOTS = 20
