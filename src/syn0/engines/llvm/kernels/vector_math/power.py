"""x to the power of y: e**(y log|x|), the logarithm in twice the digits.

Numbers of 32 bits go through 64 bits, where one logarithm of 64 bits has digits enough.
"""

from __future__ import annotations

import math

from syn0.engines.llvm.kernels.vector_math.exponential import LN2, exp
from syn0.engines.llvm.kernels.vector_math.lanes import Lanes, fma, polynomial, where
from syn0.engines.llvm.kernels.vector_math.logarithm import exponent_and_fraction, log_normal

# (2 atanh(s) / s - 2 - 2/3 s**2) / s**4 in powers of s**2
TAIL = (
    0.40000000000002256, 0.2857142857009923, 0.22222222519982443, 0.18181784362139988,
    0.15386757551456706, 0.13256812805645954, 0.13196373083325777,
)  # fmt: skip
TWO_THIRDS = (0.6666666666666666, 3.700743415417188e-17)  # as a sum
LARGEST_POWER = 2.0**65  # a power at least this makes any number but 1 zero or infinite


def power(x: Lanes, y: Lanes) -> Lanes:
    """Return x to the power of y."""
    if x.is_double:
        magnitude = exp(*product_with_log(x, y))
    else:
        wide, exponent = abs(x).cast("fpext", "double"), y.cast("fpext", "double")
        magnitude = exp(clamped(exponent) * log_normal(wide)).cast("fptrunc", "float")
    return with_cases(x, y, magnitude)


def clamped(y: Lanes) -> Lanes:
    """Return y, no larger than a power need be, so that y * log(1) is 0 for infinite y."""
    return y.at_least(-LARGEST_POWER).at_most(LARGEST_POWER)


def product_with_log(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """Return y log|x| as the sum of two numbers, the second much smaller."""
    a = abs(x)
    is_small = a < 2.0 ** (1 - a.format.bias)
    k, m = exponent_and_fraction(where(is_small, a * 2.0**53, a))
    high, low = double_log(where(is_small, k - 53.0, k), m)
    y = clamped(y)
    product = y * high
    rest = fma(y, low, fma(y, high, -product))
    return product, rest.at_least(-1e-9).at_most(1e-9)  # beyond only where the power overflows


def double_log(k: Lanes, m: Lanes) -> tuple[Lanes, Lanes]:
    """Return log(2**k * m) as the sum of two numbers, good to more than 65 bits."""
    f = m - 1.0
    divisor = f + 2.0
    divisor_low = f - (divisor - 2.0)
    s = f / divisor
    s_low = fma(-s, divisor_low, fma(-s, divisor, f)) / divisor
    u = s * s
    u_low = fma(s + s, s_low, fma(s, s, -u))
    # p = 2/3 + u * tail
    tail = u * polynomial(u, TAIL)
    p = tail + TWO_THIRDS[0]
    p_low = (tail - (p - TWO_THIRDS[0])) + TWO_THIRDS[1]
    # cube = s * u * p
    v = s * u
    v_low = fma(s, u_low, fma(s_low, u, fma(s, u, -v)))
    cube = v * p
    cube_low = fma(v, p_low, fma(v_low, p, fma(v, p, -cube)))
    # log(m) = 2s + cube, then + k log(2)
    high, low = quick_sum(s + s, cube)
    low = low + (s_low + s_low + cube_low)
    ln2_high, ln2_low = LN2["double"]
    product = k * ln2_high
    product_low = fma(k, ln2_low, fma(k, ln2_high, -product))
    total, rest = exact_sum(product, high)
    return quick_sum(total, rest + (low + product_low))


def quick_sum(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """Return x + y and what its rounding has lost, for |x| >= |y| (Dekker, 1971)."""
    total = x + y
    return total, y - (total - x)


def exact_sum(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """Return x + y and what its rounding has lost (Knuth, 1969)."""
    total = x + y
    moved = total - x
    return total, (x - (total - moved)) + (y - moved)


def with_cases(x: Lanes, y: Lanes, magnitude: Lanes) -> Lanes:
    """Return the power, given that of |x|: its sign, and what belongs to zero, infinity, NaN."""
    a, infinity = abs(x), x.like(math.inf)
    # 0 and infinity have no logarithm: either to the power of y goes by the sign of y.
    growth = where(a > 1.0, y, -y)
    at_end = where(growth > 0.0, infinity, where(growth < 0.0, x.like(0.0), y))
    is_end = a.equals(0.0) | a.equals(infinity)
    result = where(is_end, at_end, where(a < math.inf, magnitude, x))
    # A negative number to a whole power has a sign if that is odd; to another, no value.
    half = y * 0.5
    is_whole = rounded_down(y).equals(y)
    is_odd = is_whole & ~rounded_down(half).equals(half)
    result = where(is_odd, result.with_sign_of(x), result)
    has_none = (x < 0.0) & (a < math.inf) & ~is_whole
    result = where(has_none, x.like(math.nan), result)
    return where(y.equals(0.0) | x.equals(1.0), x.like(1.0), result)


def rounded_down(x: Lanes) -> Lanes:
    """Return the largest whole number that is not above it."""
    return Lanes(x.function, x.function.intrinsic("floor", x.value))
