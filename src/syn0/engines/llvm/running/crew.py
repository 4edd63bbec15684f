"""Threads that run one compiled function at once.

The threads are Python's, but once started they stay in compiled code: there they wait for
jobs, asleep, and no job needs the interpreter's lock to begin. A job begins and ends within
one native call of the thread that asks for it, so an interrupt comes before it or after it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Thread

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import Module
from syn0.engines.llvm.running.barrier import LINE, define_signals
from syn0.engines.llvm.running.cpus import cpus

MOST = 256  # threads of one job


def run(function: int, context: int, threads: int, target: Target) -> list[int]:
    """Call a compiled function in several threads at once, and return what each returned.

    Several Python threads may do so at a time: each has a crew of its own meanwhile.

    Parameters
    ----------
    function, context : int
        The address of ``i64 f(ptr context, i64 thread, i64 threads)``, and what it is given.
        Thread 0 is the caller.
    threads : int
        How many, `MOST` at most. Where so many cannot be had, none enters.
    target : Target
        This machine.
    """
    if threads == 1:
        return [_FUNCTION(function)(context, 0, 1)]
    with _crew(target) as crew:
        return crew.run(function, context, threads)


@contextmanager
def hired(threads: int, target: Target) -> Iterator[int]:
    """Return what compiled code gives to ``syn0_run``, for so many threads at most."""
    if threads == 1:
        yield 0
        return
    with _crew(target) as crew:
        yield crew.ready(threads)


@contextmanager
def _crew(target: Target) -> Iterator[Crew]:
    try:
        crew = _IDLE.pop()
    except IndexError:
        crew = Crew(target)
    try:
        yield crew
    finally:
        _IDLE.append(crew)


class Crew:
    """The helpers of one caller at a time: threads that wait for its jobs."""

    def __init__(self, target: Target) -> None:
        self._run = _native("syn0_run", _RUN, target)
        self._help = _native("syn0_help", _HELP, target)
        self._process = 0
        self._helpers = 0

    def run(self, function: int, context: int, threads: int) -> list[int]:
        """Call a function in so many threads, of which the caller is the first."""
        self._run(self.ready(threads), function, context, threads)
        return [self._result(thread) for thread in range(threads)]

    def ready(self, threads: int) -> int:
        """Have so many threads; return where their state is."""
        if not 0 < threads <= MOST:
            raise ValueError(f"a job has 1 to {MOST} threads, not {threads}")
        if self._process != os.getpid():  # a fork leaves all helpers behind
            self._begin()
        self._hire(threads - 1)
        crowded = threads > self._processors
        ctypes.c_uint8.from_address(self._state + _CROWDED).value = crowded
        return self._state

    def _begin(self) -> None:
        """Begin without helpers, on new memory."""
        self._memory = ctypes.create_string_buffer(_STATE_BYTES + LINE)
        self._state = -(-ctypes.addressof(self._memory) // LINE) * LINE
        self._process, self._helpers, self._processors = os.getpid(), 0, cpus()

    def _hire(self, helpers: int) -> None:
        """Start the helpers that are missing."""
        try:
            while self._helpers < helpers:
                number = self._helpers + 1
                call = (self._help, self._state, number, self._memory)
                Thread(target=_stay, args=call, name=f"syn0 helper {number}", daemon=True).start()
                self._helpers = number
        except BaseException:  # an interrupt may leave a helper uncounted: begin anew
            self._process = 0
            raise

    def _result(self, thread: int) -> int:
        place = self._state + LINE * (_FIRST_LINE + thread) + _RESULT
        return ctypes.c_int64.from_address(place).value


def _stay(help_: Callable[..., int], state: int, number: int, memory: object) -> None:
    """Be a helper for as long as the process lives, and hold the memory for as long."""
    help_(state, number)


_IDLE: list[Crew] = []
_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


# ----- the compiled part
#
# The state is lines of their own for: the job (function, context, threads, whether there are
# more threads than processors); the number of helpers who have yet to finish; the signal that
# all have; and for each thread the signal to begin, with its result.

_CROWDED, _RESULT, _FIRST_LINE = 24, 8, 3
_STATE_BYTES = LINE * (_FIRST_LINE + MOST)

_RUN = f"""\
define i64 @syn0_run(ptr %state, ptr %function, ptr %context, i64 %threads) nounwind {{
entry:
  %context.at = getelementptr i8, ptr %state, i64 8
  %threads.at = getelementptr i8, ptr %state, i64 16
  %crowded.at = getelementptr i8, ptr %state, i64 {_CROWDED}
  %busy = getelementptr i8, ptr %state, i64 {LINE}
  %done = getelementptr i8, ptr %state, i64 {2 * LINE}
  %first = getelementptr i8, ptr %state, i64 {_FIRST_LINE * LINE}
  %helpers = sub i64 %threads, 1
  store ptr %function, ptr %state
  store ptr %context, ptr %context.at
  store i64 %threads, ptr %threads.at
  store atomic i64 %helpers, ptr %busy monotonic, align 8
  %seen = load atomic i32, ptr %done monotonic, align 4
  br label %call
call:
  %thread = phi i64 [1, %entry], [%next, %wake]
  %more = icmp ult i64 %thread, %threads
  br i1 %more, label %wake, label %work
wake:
  %offset = mul i64 %thread, {LINE}
  %signal = getelementptr i8, ptr %first, i64 %offset
  %job = load atomic i32, ptr %signal monotonic, align 4
  %new = add i32 %job, 1
  call void @syn0_announce(ptr %signal, i32 %new)
  %next = add i64 %thread, 1
  br label %call
work:
  %result = call i64 %function(ptr %context, i64 0, i64 %threads)
  %result.at = getelementptr i8, ptr %first, i64 {_RESULT}
  store i64 %result, ptr %result.at
  %alone = icmp eq i64 %helpers, 0
  br i1 %alone, label %end, label %wait
wait:
  %flag = load atomic i8, ptr %crowded.at monotonic, align 1
  %crowded = icmp ne i8 %flag, 0
  call void @syn0_await(ptr %done, i32 %seen, i1 %crowded)
  br label %end
end:
  ret i64 0
}}"""

_HELP = f"""\
define i64 @syn0_help(ptr %state, i64 %thread) nounwind {{
entry:
  %context.at = getelementptr i8, ptr %state, i64 8
  %threads.at = getelementptr i8, ptr %state, i64 16
  %crowded.at = getelementptr i8, ptr %state, i64 {_CROWDED}
  %busy = getelementptr i8, ptr %state, i64 {LINE}
  %done = getelementptr i8, ptr %state, i64 {2 * LINE}
  %first = getelementptr i8, ptr %state, i64 {_FIRST_LINE * LINE}
  %offset = mul i64 %thread, {LINE}
  %signal = getelementptr i8, ptr %first, i64 %offset
  %result.at = getelementptr i8, ptr %signal, i64 {_RESULT}
  br label %wait
wait:
  %seen = phi i32 [0, %entry], [%job, %work], [%job, %last]
  %flag = load atomic i8, ptr %crowded.at monotonic, align 1
  %crowded = icmp ne i8 %flag, 0
  call void @syn0_await(ptr %signal, i32 %seen, i1 %crowded)
  %job = load atomic i32, ptr %signal acquire, align 4
  br label %work
work:
  %function = load ptr, ptr %state
  %context = load ptr, ptr %context.at
  %threads = load i64, ptr %threads.at
  %result = call i64 %function(ptr %context, i64 %thread, i64 %threads)
  store i64 %result, ptr %result.at
  %count = atomicrmw sub ptr %busy, i64 1 acq_rel
  %is.last = icmp eq i64 %count, 1
  br i1 %is.last, label %last, label %wait
last:
  %old = load atomic i32, ptr %done monotonic, align 4
  %new = add i32 %old, 1
  call void @syn0_announce(ptr %done, i32 %new)
  br label %wait
}}"""


def address_of_run(target: Target) -> int:
    """Return where ``i64 syn0_run(ptr state, ptr function, ptr context, i64 threads)`` is."""
    return _address("syn0_run", _RUN, target)


@cache
def _address(symbol: str, text: str, target: Target) -> int:
    module = Module()
    define_signals(module, target)
    module.globals.append(text)
    return jit.link_program(module.text(), symbol, {}, target)


@cache
def _native(symbol: str, text: str, target: Target) -> Callable[..., int]:
    """Return a compiled function; calls of it let other Python threads run."""
    words = {"syn0_run": 4, "syn0_help": 2}[symbol] * [ctypes.c_int64]
    return ctypes.CFUNCTYPE(ctypes.c_int64, *words)(_address(symbol, text, target))
