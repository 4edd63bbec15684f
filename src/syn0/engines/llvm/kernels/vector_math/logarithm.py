"""log, log1p, logaddexp: from x = 2**k * m with m between sqrt(1/2) and sqrt(2).

With f = m - 1 and s = f / (2 + f), log(m) = 2 atanh(s) is 2s plus an odd polynomial; the form
in which it is summed is that of fdlibm (Sun Microsystems, 1993).
"""

from __future__ import annotations

import math

from syn0.engines.llvm.kernels.vector_math.exponential import LN2, exp
from syn0.engines.llvm.kernels.vector_math.lanes import Lanes, fma, polynomial, where

ROOT_HALF = {"float": 0x3F3504F3, "double": 0x3FE6A09E667F3BCD}
# (2 atanh(s) / s - 2) / s**2 in powers of s**2, for numbers from sqrt(1/2) to sqrt(2)
NARROW = {
    "float": (0.6666677594184875, 0.39977580308914185, 0.2987091839313507),
    "double": (
        0.6666666666666734, 0.3999999999941653, 0.28571428742069455, 0.22222198599468151,
        0.18183563508728143, 0.15314049934005722, 0.14796236026080017,
    ),
}  # fmt: skip
# The same for numbers from 1/2 to 2
WIDE = {
    "float": (0.6666641235351562, 0.4002175033092499, 0.2799820303916931, 0.2802952826023102),
    "double": (
        0.6666666666666667, 0.39999999999993974, 0.2857142857251106, 0.2222222212538818,
        0.18181823206692838, 0.15384451825502926, 0.13336807742922438, 0.11715928493507026,
        0.10972724775385255, 0.06993613743296642, 0.16468727107096645,
    ),
}  # fmt: skip


def exponent_and_fraction(x: Lanes) -> tuple[Lanes, Lanes]:
    """Return k and m, both as numbers, of a positive, finite, normal x = 2**k * m."""
    kind, root = x.format, ROOT_HALF[x.value.type.scalar]
    moved = x.bits().plus(kind.one - root)
    # The exponent as the lowest bits of 2**digits is that number plus the exponent.
    magic = 2.0**kind.digits
    biased = (moved >> kind.digits) | ((kind.digits + kind.bias) << kind.digits)
    k = biased.as_numbers() - (magic + kind.bias)
    m = (moved & ((1 << kind.digits) - 1)).plus(root).as_numbers()
    return k, m


def log_near_one(
    f: Lanes, coefficients: dict[str, tuple[float, ...]], low: Lanes | float = 0.0
) -> Lanes:
    """Return log(1 + f) + low, where low is much smaller."""
    s = f / (f + 2.0)
    u = s * s
    half_square = f * 0.5 * f
    tail = fma(u, polynomial(u, coefficients[f.value.type.scalar]), half_square)
    return f - (half_square - fma(s, tail, low))


def log_normal(x: Lanes, low: Lanes | float = 0.0, power: Lanes | float = 0.0) -> Lanes:
    """Return log(2**power * x) + low of a positive, finite, normal x."""
    k, m = exponent_and_fraction(x)
    k = k + power if isinstance(power, Lanes) else k
    high, rest = LN2[m.value.type.scalar]
    return fma(k, high, log_near_one(m - 1.0, NARROW, fma(k, rest, low)))


def log(x: Lanes) -> Lanes:
    """Return log(x); numbers below the smallest normal one are first brought above it."""
    up = x.format.digits + 1
    is_small = x < 2.0 ** (1 - x.format.bias)
    power = where(is_small, x.like(-up), x.like(0.0))
    return with_ends(x, log_normal(where(is_small, x * 2.0**up, x), power=power))


def with_ends(x: Lanes, y: Lanes) -> Lanes:
    """Return y = log(x) with what belongs to zero, negative numbers, infinity and NaN."""
    y = where(x < math.inf, y, x)
    return where(x > 0.0, y, where(x.equals(0.0), x.like(-math.inf), x.like(math.nan)))


def log1p(x: Lanes) -> Lanes:
    """Return log(1 + x), with what rounding 1 + x has lost added to the logarithm."""
    u = x + 1.0
    moved = u - 1.0
    lost = (1.0 - (u - moved)) + (x - moved)
    y = log_normal(u, lost / u)
    tiny = 2.0**-54 if x.is_double else 2.0**-25
    return where(abs(x) < tiny, x, with_ends(u, y))


def logaddexp(x: Lanes, y: Lanes) -> Lanes:
    """Return log(e**x + e**y): the larger plus log(1 + e**-d) of their distance d."""
    more = log_near_one(exp(-abs(x - y)), WIDE)
    largest = where(x > y, x, y)
    return where(x.equals(y), x + math.log(2), largest + more)
