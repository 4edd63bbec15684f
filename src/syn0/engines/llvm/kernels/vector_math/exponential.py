"""exp, expm1, sigmoid, tanh: all from e**x = 2**n * e**r, where n is whole and |r| <= ln(2)/2.

Adding a number as large as 1.5 * 2**23 (or 1.5 * 2**52) rounds x / ln(2) to n and leaves n
in the lowest bits of the sum, from where one shift moves it into the exponent of 2**n.
The same few instructions on every machine, so the same bits.
"""

from __future__ import annotations

from syn0.engines.llvm.kernels.vector_math.lanes import Lanes, fma, polynomial, where

LOG2_E = 1.4426950408889634
# ln(2) as a sum of two numbers; n * high is subtracted from x without any rounding.
LN2 = {
    "float": (0.693147182464599609375, -1.904654299957767878541e-9),
    "double": (0.693147180559945286227, 2.319046813846299558418e-17),
}
# (e**r - 1 - r) / r**2
EXP = {
    "float": (
        0.4999999403953552, 0.16666516661643982, 0.04166829213500023, 0.00836909655481577,
        0.001381882349960506,
    ),
    "double": (
        0.5000000000000011, 0.16666666666666435, 0.04166666666652386, 0.00833333333343534,
        0.0013888888946056053, 0.00019841269709453127, 2.4801489856702668e-05,
        2.7557349020816043e-06, 2.7631627453063423e-07, 2.5090749488293684e-08,
    ),
}  # fmt: skip
# (tanh(x) / x - 1) / x**2 in powers of x**2, for |x| <= 0.625
TANH = {
    "float": (
        -0.3333328068256378, 0.13331405818462372, -0.053736619651317596, 0.020629623904824257,
        -0.005695539992302656,
    ),
    "double": (
        -0.33333333333333315, 0.1333333333332996, -0.053968253966149606, 0.02186948847070609,
        -0.008863234338852935, 0.0035921142229468255, -0.0014557272086810989,
        0.0005894565921890349, -0.00023702384966038523, 9.157795049528931e-05,
        -3.0205396122328162e-05, 6.049892553235402e-06,
    ),
}  # fmt: skip


def reduced(x: Lanes, offset: int) -> tuple[Lanes, Lanes]:
    """Return integers whose lowest bits hold n + offset, and r, where x = n ln(2) + r."""
    high, low = LN2[x.value.type.scalar]
    shifter = x.format.shifter + offset
    shifted = fma(x, LOG2_E, shifter)
    n = shifted - shifter
    return shifted.bits(), fma(n, -low, fma(n, -high, x))


def power_of_two(biased: Lanes) -> Lanes:
    """Return 2**n of integers whose lowest bits hold n plus the exponent's bias."""
    return (biased << (23 if biased.value.type.scalar == "i32" else 52)).as_numbers()


def minus_one_near_zero(r: Lanes) -> Lanes:
    """Return e**r - 1 for |r| <= ln(2)/2."""
    return fma(r * r, polynomial(r, EXP[r.value.type.scalar]), r)


def exp(x: Lanes, low: Lanes | None = None) -> Lanes:
    """Return e**x; `low` is a small number to add to x first.

    2**n may lie outside of what a number can hold where e**x does not, so it is multiplied
    in two halves.
    """
    first, last = (-746.0, 710.0) if x.is_double else (-104.0, 89.0)
    n, r = reduced(x.at_least(first).at_most(last), 2 * x.format.bias)
    r = r if low is None else r + low
    half = n >> 1
    scale, more = power_of_two(half), power_of_two(n.minus(half))
    return fma(minus_one_near_zero(r), scale, scale) * more


def expm1(x: Lanes) -> Lanes:
    """Return e**x - 1: 2 (2**(n-1) (e**r - 1) + 2**(n-1) - 1/2), whose halves cannot overflow."""
    first, last, tiny = (-38.0, 710.0, 2.0**-54) if x.is_double else (-18.0, 89.0, 2.0**-25)
    n, r = reduced(x.at_least(first).at_most(last), x.format.bias - 1)
    scale = power_of_two(n)
    y = fma(scale, minus_one_near_zero(r), scale - 0.5)
    return where(abs(x) < tiny, x, y + y)


def sigmoid(x: Lanes) -> Lanes:
    """Return 1 / (1 + e**-x); the bounds keep the exponent of 2**n between 0's and infinity's."""
    first, last = (-708.5, 710.0) if x.is_double else (-88.0, 89.0)
    n, r = reduced((-x).at_least(first).at_most(last), x.format.bias)
    return 1.0 / fma(minus_one_near_zero(r) + 1.0, power_of_two(n), 1.0)


def tanh(x: Lanes) -> Lanes:
    """Return tanh(x): x + x**3 P(x**2) near 0, elsewhere 1 - 2 / (e**2x + 1).

    One number for ln(2) is enough: where n makes its error large, e**2x no longer counts.
    """
    scalar = x.value.type.scalar
    a = abs(x).at_most(22.0 if x.is_double else 10.0)
    shifter = x.format.shifter + x.format.bias
    shifted = fma(a, 2 * LOG2_E, shifter)
    r = fma(shifted - shifter, -LN2[scalar][0] / 2, a)  # 2x = n ln(2) + 2r
    series = [c * 2.0**i for i, c in enumerate((1.0, 1.0, *EXP[scalar]))]
    large = 1.0 - 2.0 / fma(polynomial(r, series), power_of_two(shifted.bits()), 1.0)
    z = a * a
    small = fma(a * z, polynomial(z, TANH[scalar]), a)
    return where(a < 0.625, small, large).with_sign_of(x)
