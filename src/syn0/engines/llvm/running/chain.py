"""Several runs of drivers as one native call: full batches, the last one, the next epoch.

Steps of another batch size have another driver, whose table takes over the state from the one
before. Between two of them nothing is owed to Python, so it need not be asked.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.running import crew
from syn0.engines.llvm.running.state_memory import address_of
from syn0.engines.llvm.running.words import Word

# The words of a link: the driver, its table, the threads; those that came and the steps that they
# did, which are written; and then what is written into the table before: a place, its number, a
# place, and so on.
ENTERED, DONE, HEAD = 3, 4, 5


class Chain:
    """Links that run one after the other, until one does not do all its steps or time is over.

    Parameters
    ----------
    links : array of int64 of shape (links, words)
        See above; as many words in each. It is held, so that words may be changed.
    target : Target
        This machine.
    """

    def __init__(self, links: NDArray[np.int64], target: Target) -> None:
        self.links = links
        self._target = target
        self._most = int(links[:, 2].max())
        self._address, self._width = address_of(links), links.shape[1]
        self._call = _native(target)

    def run(self, count: int, cycles: int) -> NDArray[np.int64]:
        """Run the first links; return the steps done by each that was begun.

        Parameters
        ----------
        count : int
            How many links.
        cycles : int
            Of the processor's clock, after which no other link begins.
        """
        with crew.hired(self._most, self._target) as state:
            begun = self._call(self._address, count, self._width, state, cycles)
        return self.links[:begun, DONE]


@cache
def _native(target: Target) -> Callable[..., int]:
    imports = {"syn0_run": crew.address_of_run(target)}
    address = jit.link_program(_text(target), "syn0_chain", imports, target)
    return ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5)(address)


def _at(word: int, name: str, base: str = "table") -> str:
    return f"  %{name} = getelementptr i64, ptr %{base}, i64 {word}"


def _copied(source: str, goal: str) -> str:
    """Return how the state goes from one table to another."""
    lines = []
    for word in (Word.STATE, Word.NEXT):
        here, there, value = (f"{source}.{goal}.{part}.{word}" for part in ("of", "to", "is"))
        lines += [_at(word, here, source), _at(word, there, goal)]
        lines += [f"  %{value} = load i64, ptr %{here}", f"  store i64 %{value}, ptr %{there}"]
    return "\n".join(lines)


def _cleared(words: Iterable[int]) -> str:
    return "\n".join(f"{_at(w, f'zero.{w}')}\n  store i64 0, ptr %zero.{w}" for w in words)


def _text(target: Target) -> str:
    clock = "call i64 @llvm.readcyclecounter()" if target.is_x86 else "add i64 0, 0"
    return f"""\
target triple = "{target.triple}"
declare i64 @syn0_run(ptr, ptr, ptr, i64)
declare i64 @llvm.readcyclecounter()
define i64 @syn0_chain(ptr %links, i64 %count, i64 %width, ptr %crew, i64 %cycles) nounwind {{
entry:
  %began = {clock}
  br label %head
head:
  %link = phi i64 [0, %entry], [%next, %more]
  %before = phi ptr [null, %entry], [%table, %more]
  %place = mul i64 %link, %width
  %row = getelementptr i64, ptr %links, i64 %place
{_at(1, "table.at", "row")}
{_at(2, "threads.at", "row")}
{_at(ENTERED, "entered.at", "row")}
{_at(DONE, "done.at", "row")}
  %function = load ptr, ptr %row
  %table = load ptr, ptr %table.at
  %threads = load i64, ptr %threads.at
  br label %words
words:
  %pair = phi i64 [{HEAD}, %head], [%following, %write]
  %some = icmp ult i64 %pair, %width
  br i1 %some, label %write, label %clear
write:
  %word.at = getelementptr i64, ptr %row, i64 %pair
  %value.at = getelementptr i64, ptr %word.at, i64 1
  %word = load i64, ptr %word.at
  %value = load i64, ptr %value.at
  %written.at = getelementptr i64, ptr %table, i64 %word
  store i64 %value, ptr %written.at
  %following = add i64 %pair, 2
  br label %words
clear:
{_cleared(range(Word.DONE, Word.ENTERED + 1))}
  %first = icmp eq i64 %link, 0
  br i1 %first, label %call, label %adopt
adopt:
{_copied("before", "table")}
  br label %call
call:
  %alone = icmp eq i64 %threads, 1
  br i1 %alone, label %one, label %several
one:
  %unused = call i64 %function(ptr %table, i64 0, i64 1)
  br label %look
several:
  %ended = call i64 @syn0_run(ptr %crew, ptr %function, ptr %table, i64 %threads)
  br label %look
look:
{_at(Word.DONE, "steps.at")}
{_at(Word.COUNT, "wanted.at")}
{_at(Word.ENTERED, "came.at")}
  %done = load i64, ptr %steps.at
  %wanted = load i64, ptr %wanted.at
  %came = load i64, ptr %came.at
  store i64 %came, ptr %entered.at
  store i64 %done, ptr %done.at
  %next = add i64 %link, 1
  %whole = icmp eq i64 %done, %wanted
  br i1 %whole, label %time, label %leave
time:
  %now = {clock}
  %spent = sub i64 %now, %began
  %late = icmp ugt i64 %spent, %cycles
  %last = icmp eq i64 %next, %count
  %over = or i1 %late, %last
  br i1 %over, label %leave, label %more
more:
  br label %head
leave:
{_at(1, "first.at", "links")}
  %origin = load ptr, ptr %first.at
{_copied("table", "origin")}
  ret i64 %next
}}
"""
