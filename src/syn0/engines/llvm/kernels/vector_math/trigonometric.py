"""sin and cos: x = n pi/2 + r with |r| <= pi/4, and one polynomial for each of two quadrants."""

from __future__ import annotations

import math

from syn0.engines.llvm.kernels.vector_math.lanes import Lanes, fma, polynomial, where

# pi/2 as a sum of three numbers, each the next lower one of what is left: none is negative.
HALF_PI = {
    "float": (1.570796251296997, 7.549789415861596e-08, 5.390302529957765e-15),
    "double": (1.5707963267948966, 6.123233995736765e-17, 1.0828566739219139e-32),
}
# Beyond, the nearest multiple of pi/2 is not known to the last bit.
LARGEST = {"float": 1e6, "double": 1e15}
# (sin(r) / r - 1) / r**2 and (cos(r) - 1 + r**2 / 2) / r**4 in powers of r**2
SIN = {
    "float": (-0.16666655242443085, 0.008332191035151482, -0.00019518598855938762),
    "double": (
        -0.16666666666666632, 0.008333333333322472, -0.000198412698298177, 2.755731368440531e-06,
        -2.505075550786308e-08, 1.5896574551212498e-10,
    ),
}  # fmt: skip
COS = {
    "float": (0.04166664555668831, -0.00138873013202101, 2.4430670237052254e-05),
    "double": (
        0.0416666666666666, -0.0013888888888874457, 2.4801587289645658e-05,
        -2.755731438911224e-07, 2.0875727089019603e-09, -1.1359793324214548e-11,
    ),
}  # fmt: skip


def sin(x: Lanes) -> Lanes:
    """Return sin(x); zeros keep their sign."""
    return where(x.equals(0.0), x, turned(x, 0))


def cos(x: Lanes) -> Lanes:
    """Return cos(x) = sin(x + pi/2)."""
    return turned(x, 1)


def turned(x: Lanes, quadrants: int) -> Lanes:
    """Return sin(x + quadrants * pi/2)."""
    scalar, shifter = x.value.type.scalar, x.format.shifter
    shifted = fma(x, 2 / math.pi, shifter)
    n = shifted - shifter
    r = x
    for part in HALF_PI[scalar]:
        r = fma(n, -part, r)
    z = r * r
    sine = fma(r * z, polynomial(z, SIN[scalar]), r)
    cosine = fma(z, fma(z, polynomial(z, COS[scalar]), -0.5), 1.0)
    quadrant = shifted.bits().plus(quadrants)
    y = where((quadrant & 1).differs(0), cosine, sine)
    sign = (quadrant & 2) << (30 if scalar == "float" else 62)
    y = (y.bits() ^ sign).as_numbers()
    return where(abs(x) < LARGEST[scalar], y, x.like(math.nan))
