"""Where threads wait for each other, as text for the programs that they run.

A signal is a 32-bit word that one thread changes and others wait for, with the number of
those asleep beside it. Who waits spins first, since most waits last microseconds and to wake
takes tens of them; then it sleeps. It never just steps aside for other threads: those of
other programs would keep the processor for milliseconds, while a sleeper that is woken comes
before them.
"""

from __future__ import annotations

from dataclasses import dataclass

from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.ir import Module

LINE = 128  # bytes that two threads should not share; processors fetch lines of 64 in pairs
BARRIER_BYTES = 2 * LINE  # how many came, and the flag; the signal to go on
CROWDED = 8  # place of the flag, a byte
SPINS, CROWDED_SPINS = 4000, 64  # pauses, of 10 to 60 ns


def define_barrier(module: Module, target: Target) -> None:
    """Add ``void @syn0_barrier(ptr state, i64 threads)``, which returns when all came.

    The state is `BARRIER_BYTES` of zeros to begin with, on a boundary of `LINE`. The byte at
    `CROWDED` is 1 while there are more threads than processors.
    """
    define_signals(module, target)
    module.globals.append(_BARRIER)


def define_signals(module: Module, target: Target) -> None:
    """Add what waits for a signal and what gives it.

    ``void @syn0_await(ptr signal, i32 seen, i1 crowded)`` returns when the word is no longer
    as seen; ``void @syn0_announce(ptr signal, i32 value)`` changes it and wakes who sleeps.
    A signal is two 32-bit words, zeros to begin with.
    """
    system = _system(target)
    pause = "void @llvm.x86.sse2.pause()" if target.is_x86 else "void @llvm.aarch64.isb(i32 15)"
    for function in (pause.replace("i32 15", "i32"), *system.functions):
        module.declare(function)
    module.globals += [_await(f"call {pause}", system), _announce(system)]


_BARRIER = f"""\
define internal void @syn0_barrier(ptr %state, i64 %threads) nounwind noinline {{
entry:
  %signal = getelementptr i8, ptr %state, i64 {LINE}
  %seen = load atomic i32, ptr %signal monotonic, align 4
  %came = atomicrmw add ptr %state, i64 1 acq_rel
  %now = add i64 %came, 1
  %last = icmp eq i64 %now, %threads
  br i1 %last, label %open, label %wait
open:
  store atomic i64 0, ptr %state monotonic, align 8
  %next = add i32 %seen, 1
  call void @syn0_announce(ptr %signal, i32 %next)
  ret void
wait:
  %crowded.at = getelementptr i8, ptr %state, i64 {CROWDED}
  %crowded = load i1, ptr %crowded.at
  call void @syn0_await(ptr %signal, i32 %seen, i1 %crowded)
  ret void
}}"""


def _await(pause: str, system: _System) -> str:
    return f"""\
define internal void @syn0_await(ptr %signal, i32 %seen, i1 %crowded) nounwind noinline {{
entry:
  %sleepers = getelementptr i32, ptr %signal, i64 1
  %spins = select i1 %crowded, i64 {CROWDED_SPINS}, i64 {SPINS}
  br label %look
look:
  %turn = phi i64 [0, %entry], [%next, %spin], [%next, %sleep]
  %next = add i64 %turn, 1
  %now = load atomic i32, ptr %signal acquire, align 4
  %same = icmp eq i32 %now, %seen
  br i1 %same, label %stay, label %done
stay:
  %early = icmp ult i64 %turn, %spins
  br i1 %early, label %spin, label %sleep
spin:
  {pause}
  br label %look
sleep:
  %more = atomicrmw add ptr %sleepers, i32 1 seq_cst
  {system.sleep}
  %less = atomicrmw sub ptr %sleepers, i32 1 seq_cst
  br label %look
done:
  ret void
}}"""


# The word is changed before the sleepers are counted, and a sleeper counts itself before the
# system compares the word: one of the two sees the other.
def _announce(system: _System) -> str:
    return f"""\
define internal void @syn0_announce(ptr %signal, i32 %value) nounwind noinline {{
entry:
  %sleepers = getelementptr i32, ptr %signal, i64 1
  %before = atomicrmw xchg ptr %signal, i32 %value seq_cst
  %count = load atomic i32, ptr %sleepers seq_cst, align 4
  %none = icmp eq i32 %count, 0
  br i1 %none, label %done, label %wake
wake:
  {system.wake}
  br label %done
done:
  ret void
}}"""


# ----- what differs between systems


@dataclass(frozen=True)
class _System:
    """How a thread sleeps while ``%signal`` is ``%seen``, and how others wake it, if need be."""

    functions: tuple[str, ...]
    sleep: str
    wake: str = ""


def _futex(number: int) -> _System:
    """Return Linux, by the number of its call: 128 waits while a word is so, 129 wakes all."""
    call = f"call i64 (i64, ...) @syscall(i64 {number}, ptr %signal"
    return _System(
        ("i64 @syscall(i64, ...)",),
        f"{call}, i64 128, i32 %seen, ptr null)",
        f"{call}, i64 129, i32 2147483647)",
    )


def _nap(function: str, step: int, steps: int) -> _System:
    """Return a system without such a call: sleepers look again, each time after a longer nap."""
    return _System(
        (f"{function}(i32)", "i64 @llvm.umin.i64(i64, i64)"),
        f"""\
%naps = sub i64 %next, %spins
  %steps = call i64 @llvm.umin.i64(i64 %naps, i64 {steps})
  %steps.short = trunc i64 %steps to i32
  %length = mul i32 %steps.short, {step}
  call {function}(i32 %length)""",
    )


_POSIX = _nap("i32 @usleep", step=100, steps=100)  # microseconds
_WINDOWS = _nap("void @Sleep", step=1, steps=10)  # milliseconds


def _system(target: Target) -> _System:
    """Return the system of a target."""
    if "linux" in target.triple:
        return _futex(202 if target.is_x86 else 98)
    return _WINDOWS if "windows" in target.triple else _POSIX
