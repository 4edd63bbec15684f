"""Elementwise ops as instructions on vectors: what each op's ``forward`` says, lane by lane.

Integers wrap, comparisons and divisions are IEEE's, NaN is kept where NumPy keeps it, and an
FMA stands only inside the functions of `vector_math`. Truth values go along with any dtype.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syn0.engines.llvm.ir import SCALARS, Function, Value, literal
from syn0.engines.llvm.kernels import vector_math


@dataclass(frozen=True)
class Number:
    """An input of an op: its lanes, its dtype, and its number if that is a constant."""

    value: Value
    dtype: str
    known: Any = None


def express(f: Function, op: str, dtype: str, inputs: Sequence[Number]) -> Value:
    """Return what an elementwise op gives, in `dtype`.

    Examples
    --------
    >>> from syn0.engines.llvm.ir import Module, Type
    >>> f = Module().function("f", [(Type("float", 16), "x"), (Type("float", 16), "y")])
    >>> x, y = Number(f.argument("x"), "float32"), Number(f.argument("y"), "float32")
    >>> express(f, "add", "float32", [x, y]).type
    Type(scalar='float', lanes=16)
    """
    if op == "astype":
        return convert(f, inputs[0].value, inputs[0].dtype, dtype)
    if op in _COMPARISONS:
        return _compare(f, op, *inputs)
    if op == "isfinite":
        return _isfinite(f, inputs[0])
    if op == "where":
        return _where(f, dtype, *inputs)
    if op == "pow":
        return _pow(f, dtype, *inputs)
    if op in ("maximum", "minimum"):
        return _extreme(f, op, dtype, *inputs)
    return _OPS[op](f, dtype, *(convert(f, x.value, x.dtype, dtype) for x in inputs))


def cost(op: str) -> int:
    """Return about how many cycles an op takes for a vector."""
    return _COSTS.get(op, 1)


_COSTS: Mapping[str, int] = {
    "divide": 8, "sqrt": 10, "exp": 16, "expm1": 24, "log": 18, "log1p": 24, "logaddexp": 44,
    "sin": 24, "cos": 24, "tanh": 24, "sigmoid": 24, "erf": 28, "sigmoid_cross_entropy": 46,
    "pow": 60,
}  # fmt: skip


def known_ops() -> frozenset[str]:
    """Return the names of the ops that `express` knows."""
    special = {"astype", "isfinite", "where", "pow", "maximum", "minimum"}
    return frozenset({*_OPS, *_COMPARISONS, *special})


# ----- conversions --------------------------------------------------------


def is_float(dtype: str) -> bool:
    """Whether the numbers of a dtype have a floating point."""
    return dtype.startswith("float")


def is_signed(dtype: str) -> bool:
    """Whether a dtype is of integers that may be negative."""
    return dtype.startswith("int")


def convert(f: Function, x: Value, source: str, target: str) -> Value:
    """Return numbers of one dtype as another, as NumPy's ``astype`` does on x86."""
    if source == target:
        return x
    kind = x.type.of(SCALARS[target])
    if target == "bool":
        test = "fcmp une" if is_float(source) else "icmp ne"
        return f.compare(test, x, literal(0, x.type))
    if is_float(source) and is_float(target):
        return f.cast("fpext" if target == "float64" else "fptrunc", x, kind)
    if is_float(target):
        return f.cast("sitofp" if is_signed(source) else "uitofp", x, kind)
    if is_float(source):
        return _float_to_integer(f, x, target)
    bits, wanted = _bits(source), _bits(target)
    if wanted <= bits:
        return f.cast("trunc", x, kind)
    return f.cast("sext" if is_signed(source) else "zext", x, kind)


def _bits(dtype: str) -> int:
    return int(SCALARS[dtype][1:])


def _float_to_integer(f: Function, x: Value, target: str) -> Value:
    """Return the whole parts; what does not fit wraps from 32 or 64 bits, as on x86."""
    if target == "uint64":
        return _float_to_uint64(f, x)
    wide = "i64" if target in ("int64", "uint32") else "i32"
    whole = _truncated(f, x, wide)
    return f.cast("trunc", whole, whole.type.of(SCALARS[target]))


def _truncated(f: Function, x: Value, scalar: str) -> Value:
    """Return the whole parts as signed numbers; the least one where they do not fit."""
    # LLVM leaves undefined what a conversion out of range gives.
    limit = 2.0 ** (int(scalar[1:]) - 1)
    kind = x.type.of(scalar)
    above = f.compare("fcmp oge", x, literal(-limit, x.type))
    below = f.compare("fcmp olt", x, literal(limit, x.type))
    fits = f.binary("and", above, below)
    whole = f.cast("fptosi", f.select(fits, x, literal(0, x.type)), kind)
    return f.select(fits, whole, literal(-int(limit), kind))


def _float_to_uint64(f: Function, x: Value) -> Value:
    half = literal(2.0**63, x.type)
    low = _truncated(f, x, "i64")
    high = _truncated(f, f.binary("fsub", x, half), "i64")
    high = f.binary("xor", high, literal(-(2**63), high.type))
    return f.select(f.compare("fcmp oge", x, half), high, low)


# ----- comparisons --------------------------------------------------------

_COMPARISONS: Mapping[str, tuple[str, str]] = {
    "less": ("olt", "lt"),
    "less_equal": ("ole", "le"),
    "greater": ("ogt", "gt"),
    "greater_equal": ("oge", "ge"),
    "equal": ("oeq", "eq"),
    "not_equal": ("une", "ne"),
}


def _common(inputs: Sequence[Number]) -> str:
    """Return the dtype of the inputs; truth values take that of the others."""
    return next((x.dtype for x in inputs if x.dtype != "bool"), "bool")


def _compare(f: Function, op: str, *inputs: Number) -> Value:
    dtype = _common(inputs)
    x, y = (convert(f, i.value, i.dtype, dtype) for i in inputs)
    return compare(f, op, dtype, x, y)


def compare(f: Function, op: str, dtype: str, x: Value, y: Value) -> Value:
    """Return whether ``less``, ``greater_equal``... holds for numbers of one dtype."""
    floats, integers = _COMPARISONS[op]
    if is_float(dtype):
        return f.compare(f"fcmp {floats}", x, y)
    sign = "" if integers in ("eq", "ne") else "s" if is_signed(dtype) else "u"
    return f.compare(f"icmp {sign}{integers}", x, y)


def _isfinite(f: Function, x: Number) -> Value:
    if not is_float(x.dtype):
        return literal(True, x.value.type.of("i1"))
    size = f.intrinsic("fabs", x.value)
    return f.compare("fcmp olt", size, literal(float("inf"), size.type))


def _where(f: Function, dtype: str, condition: Number, x: Number, y: Number) -> Value:
    a, b = (convert(f, i.value, i.dtype, dtype) for i in (x, y))
    return f.select(condition.value, a, b)


# ----- maximum, minimum ---------------------------------------------------


def _extreme(f: Function, op: str, dtype: str, x: Number, y: Number) -> Value:
    if is_float(dtype):
        # With a constant, one instruction keeps the NaN of the other.
        if _is_number(y):
            return _above(f, op, dtype, y.value, x.value)
        if _is_number(x):
            return _above(f, op, dtype, x.value, y.value)
    a, b = (convert(f, i.value, i.dtype, dtype) for i in (x, y))
    return extreme(f, op, dtype, a, b)


def _is_number(x: Number) -> bool:
    return is_float(x.dtype) and x.known is not None and x.known == x.known


def extreme(f: Function, op: str, dtype: str, x: Value, y: Value) -> Value:
    """Return the ``maximum`` or ``minimum`` of numbers of one dtype; NaN if one of them is."""
    found = _above(f, op, dtype, x, y)
    if not is_float(dtype):
        return found
    return f.select(f.compare("fcmp uno", x, x), x, found)


def _above(f: Function, op: str, dtype: str, x: Value, y: Value) -> Value:
    """Return x if it is strictly the larger (smaller), else y, also where one is NaN."""
    better = "greater" if op == "maximum" else "less"
    return f.select(compare(f, better, dtype, x, y), x, y)


def _relu(f: Function, dtype: str, x: Value) -> Value:
    return _above(f, "maximum", dtype, literal(0, x.type), x)


# ----- arithmetic ---------------------------------------------------------

_Rule = Callable[..., Value]


def _arithmetic(floats: str, integers: str, truths: str) -> _Rule:
    def rule(f: Function, dtype: str, x: Value, y: Value) -> Value:
        op = floats if is_float(dtype) else truths if dtype == "bool" else integers
        return f.binary(op, x, y)

    return rule


def _square(f: Function, dtype: str, x: Value) -> Value:
    return _OPS["multiply"](f, dtype, x, x)


def _negative(f: Function, dtype: str, x: Value) -> Value:
    if is_float(dtype):
        return f.value(f"fneg {x}", x.type)
    return f.binary("sub", literal(0, x.type), x)


def _abs(f: Function, dtype: str, x: Value) -> Value:
    if is_float(dtype):
        return f.intrinsic("fabs", x)
    if not is_signed(dtype):
        return x
    negative = f.compare("icmp slt", x, literal(0, x.type))
    return f.select(negative, _negative(f, dtype, x), x)


def _sign(f: Function, dtype: str, x: Value) -> Value:
    zero = literal(0, x.type)
    # 0 or NaN: of the sum of x and 0 the zero is positive.
    least = f.binary("fadd", x, zero) if is_float(dtype) else zero
    if is_float(dtype) or is_signed(dtype):
        negative = compare(f, "less", dtype, x, zero)
        least = f.select(negative, literal(-1, x.type), least)
    return f.select(compare(f, "greater", dtype, x, zero), literal(1, x.type), least)


def _logical(op: str) -> _Rule:
    return lambda f, dtype, x, y: f.binary(op, x, y)


def _not(f: Function, dtype: str, x: Value) -> Value:
    return f.binary("xor", x, literal(True, x.type))


def _sqrt(f: Function, dtype: str, x: Value) -> Value:
    return f.intrinsic("sqrt", x)


# ----- functions ----------------------------------------------------------


def _function(call: Callable[..., Value]) -> _Rule:
    return lambda f, dtype, *inputs: call(f, *inputs)


def _sigmoid_cross_entropy(f: Function, dtype: str, logits: Value, targets: Value) -> Value:
    softplus = vector_math.logaddexp(f, literal(0, logits.type), logits)
    return f.binary("fsub", softplus, f.binary("fmul", targets, logits))


_OPS: Mapping[str, _Rule] = {
    "add": _arithmetic("fadd", "add", "or"),
    "subtract": _arithmetic("fsub", "sub", "xor"),
    "multiply": _arithmetic("fmul", "mul", "and"),
    "divide": _arithmetic("fdiv", "", ""),
    "negative": _negative,
    "abs": _abs,
    "sign": _sign,
    "square": _square,
    "sqrt": _sqrt,
    "relu": _relu,
    "logical_and": _logical("and"),
    "logical_or": _logical("or"),
    "logical_not": _not,
    "exp": _function(vector_math.exp),
    "expm1": _function(vector_math.expm1),
    "log": _function(vector_math.log),
    "log1p": _function(vector_math.log1p),
    "logaddexp": _function(vector_math.logaddexp),
    "sin": _function(vector_math.sin),
    "cos": _function(vector_math.cos),
    "tanh": _function(vector_math.tanh),
    "sigmoid": _function(vector_math.sigmoid),
    "erf": _function(vector_math.erf),
    "sigmoid_cross_entropy": _sigmoid_cross_entropy,
}


# ----- pow ----------------------------------------------------------------


def _pow(f: Function, dtype: str, x: Number, y: Number) -> Value:
    base = convert(f, x.value, x.dtype, dtype)
    if y.known is not None and (short := _known_power(f, dtype, base, float(y.known))):
        return short
    exponent = convert(f, y.value, y.dtype, dtype)
    if is_float(dtype):
        return vector_math.pow(f, base, exponent)
    return _whole_power(f, dtype, base, exponent)


def _known_power(f: Function, dtype: str, x: Value, exponent: float) -> Value | None:
    """Return a power by its multiplications, where they are few; NumPy does most of these."""
    if exponent == 0:
        return literal(1, x.type)
    if exponent == 1:
        return x
    if is_float(dtype) and exponent == 0.5:
        return _sqrt(f, dtype, x)
    if is_float(dtype) and exponent == -1:
        return f.binary("fdiv", literal(1, x.type), x)
    if exponent not in (2, 3, 4):
        return None
    square = _square(f, dtype, x)
    if exponent == 2:
        return square
    return _OPS["multiply"](f, dtype, square, x if exponent == 3 else square)


def _whole_power(f: Function, dtype: str, x: Value, exponent: Value) -> Value:
    """Return a power of integers, which wraps: squares for each bit of the exponent."""
    if dtype == "bool":
        return f.binary("or", x, _not(f, dtype, exponent))
    one = literal(1, x.type)
    with f.loop(0, _bits(dtype), carried=(one, x, exponent)) as loop:
        power, factor, bits = loop.carried
        odd = f.compare("icmp ne", f.binary("and", bits, one), literal(0, x.type))
        loop.carry(
            f.select(odd, f.binary("mul", power, factor), power),
            f.binary("mul", factor, factor),
            f.binary("lshr", bits, one),
        )
    return loop.carried[0]
