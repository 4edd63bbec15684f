"""Orders of samples drawn as NumPy's `RandomState.shuffle` draws them, many in one native call.

The words come from the generator's own function, so it is left where NumPy would leave it. No
branch depends on whether a word is too large: half of those of a Fisher-Yates shuffle that are
tried are not to be foreseen.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from syn0.engines.llvm.compiling import jit
from syn0.engines.llvm.compiling.target import Target
from syn0.engines.llvm.running.state_memory import address_of


def shuffle_rows(
    rng: np.random.RandomState, before: NDArray[np.int64], goal: NDArray[np.int64], target: Target
) -> None:
    """Write orders, each the one before it, shuffled as ``rng.shuffle`` does.

    Parameters
    ----------
    rng : RandomState
        What they are drawn from.
    before : array of shape (n,)
        The order before the first.
    goal : array of shape (orders, n)
        Where they are written; contiguous, as is `before`.
    target : Target
        This machine.
    """
    source: Any = rng._bit_generator
    words = source.ctypes
    draw = ctypes.cast(words.next_uint32, ctypes.c_void_p).value
    call = _native(target)
    with source.lock:
        call(address_of(before), address_of(goal), *goal.shape, draw, words.state_address)


@cache
def _native(target: Target) -> Callable[..., None]:
    address = jit.link_program(_text(target), "syn0_shuffle", {}, target)
    words = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    return ctypes.CFUNCTYPE(None, *words, ctypes.c_void_p, ctypes.c_void_p)(address)


def _text(target: Target) -> str:
    """Return the function: from the last place down, each is exchanged with one not after it.

    A word that is too large exchanges a place with itself, and the place stays.
    """
    return f"""\
target triple = "{target.triple}"
declare i64 @llvm.ctlz.i64(i64, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define void @syn0_shuffle(
  ptr %before, ptr %goal, i64 %rows, i64 %count, ptr %draw, ptr %generator
) nounwind {{
entry:
  %bytes = shl i64 %count, 3
  %top = sub i64 %count, 1
  %some = icmp sgt i64 %top, 0
  %any = icmp sgt i64 %rows, 0
  br i1 %any, label %row, label %end
row:
  %number = phi i64 [0, %entry], [%following, %next]
  %source = phi ptr [%before, %entry], [%order, %next]
  %skipped = mul i64 %number, %bytes
  %order = getelementptr i8, ptr %goal, i64 %skipped
  call void @llvm.memcpy.p0.p0.i64(ptr %order, ptr %source, i64 %bytes, i1 false)
  br i1 %some, label %place, label %next
place:
  %here = phi i64 [%top, %row], [%left, %place]
  %word = call i32 %draw(ptr %generator)
  %wide = zext i32 %word to i64
  %zeros = call i64 @llvm.ctlz.i64(i64 %here, i1 true)
  %mask = lshr i64 -1, %zeros
  %drawn = and i64 %wide, %mask
  %fits = icmp ule i64 %drawn, %here
  %other = select i1 %fits, i64 %drawn, i64 %here
  %here.at = getelementptr i64, ptr %order, i64 %here
  %other.at = getelementptr i64, ptr %order, i64 %other
  %one = load i64, ptr %here.at
  %two = load i64, ptr %other.at
  store i64 %two, ptr %here.at
  store i64 %one, ptr %other.at
  %step = zext i1 %fits to i64
  %left = sub i64 %here, %step
  %more = icmp ne i64 %left, 0
  br i1 %more, label %place, label %next
next:
  %following = add i64 %number, 1
  %again = icmp ult i64 %following, %rows
  br i1 %again, label %row, label %end
end:
  ret void
}}
"""
