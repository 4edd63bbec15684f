"""The checked build: every load and store of compiled code is tested against what it was given.

``SYN0_CHECKED=1`` turns it on, for a whole process. Compiled code then calls `CHECK` before each
access; the first that lies neither in the driver's memory nor on the stack is noted, and the
caller raises an error that names the function and the value. It is some twenty times slower.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

import numpy as np

ENABLED = os.environ.get("SYN0_CHECKED", "") not in ("", "0")
CHECK = "syn0_check"  # void (ptr address, i64 bytes, ptr name of the function)
TABLE = "syn0_ranges"
MOST = 1 << 16  # ranges
STACK = 1 << 20  # bytes above the test's own frame that are taken for its callers'

# The table: how many ranges; address, bytes and function of the first violation; then begin
# and end of each range, in order.
TEXT = f"""\
@{TABLE} = external global [{4 + 2 * MOST} x i64]
declare ptr @llvm.frameaddress.p0(i32)
define void @{CHECK}(ptr %pointer, i64 %bytes, ptr %function) nounwind noinline {{
entry:
  %frame = call ptr @llvm.frameaddress.p0(i32 0)
  %top = ptrtoint ptr %frame to i64
  %address = ptrtoint ptr %pointer to i64
  %above = sub i64 %address, %top
  %private = icmp ult i64 %above, {STACK}
  %nothing = icmp sle i64 %bytes, 0
  %fine = or i1 %private, %nothing
  br i1 %fine, label %done, label %search
search:
  %count = load i64, ptr @{TABLE}
  br label %look
look:
  %low = phi i64 [0, %search], [%low.next, %turn]
  %high = phi i64 [%count, %search], [%high.next, %turn]
  %more = icmp ult i64 %low, %high
  br i1 %more, label %turn, label %found
turn:
  %sum = add i64 %low, %high
  %middle = lshr i64 %sum, 1
  %begin = call i64 @word(i64 %middle, i64 4)
  %before = icmp ule i64 %begin, %address
  %after = add i64 %middle, 1
  %low.next = select i1 %before, i64 %after, i64 %low
  %high.next = select i1 %before, i64 %high, i64 %middle
  br label %look
found:
  %below = icmp eq i64 %low, 0
  br i1 %below, label %wrong, label %compare
compare:
  %last = sub i64 %low, 1
  %end = call i64 @word(i64 %last, i64 5)
  %reach = add i64 %address, %bytes
  %inside = icmp ule i64 %reach, %end
  br i1 %inside, label %done, label %wrong
wrong:
  %first = getelementptr i64, ptr @{TABLE}, i64 1
  %tried = cmpxchg ptr %first, i64 0, i64 %address monotonic monotonic
  %won = extractvalue {{ i64, i1 }} %tried, 1
  br i1 %won, label %note, label %done
note:
  %size = getelementptr i64, ptr @{TABLE}, i64 2
  %name = getelementptr i64, ptr @{TABLE}, i64 3
  store i64 %bytes, ptr %size
  store ptr %function, ptr %name
  br label %done
done:
  ret void
}}
define internal i64 @word(i64 %range, i64 %which) nounwind alwaysinline {{
entry:
  %two = shl i64 %range, 1
  %place = add i64 %two, %which
  %at = getelementptr i64, ptr @{TABLE}, i64 %place
  %value = load i64, ptr %at
  ret i64 %value
}}
"""


@dataclass(frozen=True)
class Range:
    """Memory that compiled code may touch."""

    name: str
    begin: int
    bytes: int


def table_address() -> int:
    """Return where the table is."""
    return int(_TABLE.ctypes.data)


@contextmanager
def watching(ranges: Sequence[Range]) -> Iterator[None]:
    """Note what touches anything but these ranges, and raise an error that names it."""
    with _LOCK:
        _fill(ranges)
        yield
        address, size, function = (int(word) for word in _TABLE[1:4])
    if address:
        name = ctypes.string_at(function).decode()
        raise SystemError(f"{name} touched {size} bytes {_where(address, size, ranges)}")


def _fill(ranges: Sequence[Range]) -> None:
    """Write the table; ranges that overlap, such as values that share memory, become one."""
    joined: list[list[int]] = []
    for begin, end in sorted((r.begin, r.begin + r.bytes) for r in ranges if r.bytes):
        if joined and begin < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    words = np.array(joined, np.int64).ravel()
    _TABLE[4 : 4 + words.size] = words
    _TABLE[:4] = len(joined), 0, 0, 0


def _where(address: int, size: int, ranges: Sequence[Range]) -> str:
    """Describe an address by the nearest range."""

    def distance(r: Range) -> int:
        return max(r.begin - address, address + size - r.begin - r.bytes, 0)

    nearest = min(ranges, key=distance)
    place = address - nearest.begin
    return f"at byte {place} of {nearest.name!r}, which has {nearest.bytes}"


_LOCK = Lock()  # one driver at a time
_TABLE = np.zeros(4 + 2 * MOST, np.int64)
