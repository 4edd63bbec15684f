"""Random numbers by their place: Philox 4x32-10 on vectors of counters, as in `syn0.ops.random`.

Eight counters at a time give the 32 numbers of a block, whichever part of it is asked for. A
word lies in the low half of a 64-bit lane, where the machine multiplies it to 64 bits; what
the high half holds does not matter.
"""

from __future__ import annotations

import math

from syn0.engines.llvm.ir import (
    I32,
    I64,
    PTR,
    SCALARS,
    Function,
    Module,
    Type,
    Value,
    integer,
    literal,
)
from syn0.engines.llvm.kernel import Kernel, symbol_of
from syn0.engines.llvm.kernels import vector_math

COUNTERS = 8
BLOCK = 4 * COUNTERS  # numbers
ROUNDS = 10
WORDS = Type("i64", COUNTERS)
LOW = literal(0xFFFFFFFF, WORDS)
HALF = literal(32, WORDS)


def random_kernel(kind: str, dtype: str) -> Kernel:
    """Return ``random_uniform`` or ``random_normal`` for the elements of a range.

    Its parameters are ``seed, step, target, stream, begin, end``: the addresses of the seed
    (uint32), of the step (int64) and of element 0; the number of the drawing op in its network;
    and the range.

    Parameters
    ----------
    kind : str
        ``"uniform"`` or ``"normal"``.
    dtype : str
        ``"float32"`` or ``"float64"``.

    Examples
    --------
    >>> random_kernel("uniform", "float32").symbol[:6]
    'random'
    """
    spec = (kind, dtype)
    symbol = symbol_of("random", spec)
    return Kernel(symbol, lambda: _random(symbol, *spec))


def _random(symbol: str, kind: str, dtype: str) -> str:
    module = Module()
    names = ("seed", "step", "target", "stream", "begin", "end")
    parameters = [(PTR if i < 3 else I64, name) for i, name in enumerate(names)]
    f = module.function(symbol, parameters, "i64")
    seed, step, target, number, begin, end = map(f.argument, names)
    key = f.splat(f.cast("zext", f.load(seed, I32), I64), COUNTERS)
    stream = f.splat(number, COUNTERS)
    time = f.splat(f.load(step, I64), COUNTERS)
    scalar = SCALARS[dtype]
    spare = f.value(f"alloca [{BLOCK} x {scalar}]", PTR)
    with f.loop(f.binary("and", begin, integer(-BLOCK)), end, BLOCK) as loop:
        block, after = loop.index, f.binary("add", loop.index, integer(BLOCK))
        first, second = _philox(f, _counters(f, block), time, key, stream)
        pair = _uniform(f, first, scalar), _uniform(f, second, scalar)
        drawn = _interleaved(f, *(_normals(f, *pair) if kind == "normal" else pair))
        begun, ended = f.compare("icmp slt", block, begin), f.compare("icmp sgt", after, end)
        in_part = f.binary("or", begun, ended)
        f.store(drawn, f.select(in_part, spare, f.offset(target, block, scalar)))
        with f.when(in_part):
            part = f.intrinsic("smax", block, begin), f.intrinsic("smin", after, end)
            with f.loop(*part) as rest:
                number = f.offset(spare, f.binary("sub", rest.index, block), scalar)
                f.store(f.load(number, Type(scalar)), f.offset(target, rest.index, scalar))
    f.line("ret i64 0")
    return module.text()


# ----- words --------------------------------------------------------------


def _counters(f: Function, element: Value) -> Value:
    """Return the counters of the block that begins at an element."""
    first = f.splat(f.binary("lshr", element, integer(2)), COUNTERS)
    places = ", ".join(f"i64 {i}" for i in range(COUNTERS))
    return f.binary("add", first, Value(f"<{places}>", WORDS))


def _philox(
    f: Function, counters: Value, step: Value, seed: Value, stream: Value
) -> tuple[Value, Value]:
    """Return the words of a block: first those in even places, then those in odd ones."""
    zero = literal(0, WORDS)
    start = [counters, zero, step, zero, seed, stream]
    with f.loop(0, ROUNDS, carried=start) as loop:
        c0, c1, c2, c3, k0, k1 = loop.carried
        product0, product1 = _product(f, c0, 0xD2511F53), _product(f, c2, 0xCD9E8D57)
        high0, high1 = f.binary("lshr", product0, HALF), f.binary("lshr", product1, HALF)
        loop.carry(
            f.binary("xor", f.binary("xor", high1, c1), k0),
            product1,
            f.binary("xor", f.binary("xor", high0, c3), k1),
            product0,
            f.binary("add", k0, literal(0x9E3779B9, WORDS)),
            f.binary("add", k1, literal(0xBB67AE85, WORDS)),
        )
    c0, c1, c2, c3, *_ = loop.carried
    return _joined(f, c0, c2), _joined(f, c1, c3)


def _product(f: Function, word: Value, constant: int) -> Value:
    """Return all 64 bits of a word times a constant."""
    return f.binary("mul", f.binary("and", word, LOW), literal(constant, WORDS))


def _joined(f: Function, x: Value, y: Value) -> Value:
    """Return the words of x and y in turn, as 32-bit lanes."""
    both = f.binary("or", f.binary("and", x, LOW), f.binary("shl", y, HALF))
    return f.cast("bitcast", both, Type("i32", 2 * COUNTERS))


# ----- numbers ------------------------------------------------------------


def _uniform(f: Function, words: Value, scalar: str) -> Value:
    """Return the upper 24 bits of words as numbers in [0, 1)."""
    bits = f.binary("lshr", words, literal(8, words.type))
    number = f.cast("sitofp", bits, words.type.of(scalar))
    return f.binary("fmul", number, literal(2.0**-24, number.type))


def _normals(f: Function, u: Value, v: Value) -> tuple[Value, Value]:
    """Return two standard normal numbers for each pair of uniform ones, as in the reference."""
    rest = f.binary("fsub", literal(1, u.type), u)
    square = f.binary("fmul", literal(-2, u.type), vector_math.log(f, rest))
    radius = f.intrinsic("sqrt", square)
    angle = f.binary("fmul", literal(2 * math.pi, v.type), v)
    cosine, sine = vector_math.cos(f, angle), vector_math.sin(f, angle)
    return f.binary("fmul", radius, cosine), f.binary("fmul", radius, sine)


def _interleaved(f: Function, x: Value, y: Value) -> Value:
    """Return the numbers of x and y in turn."""
    size = BLOCK // 2
    order = ", ".join(f"i32 {lane}" for i in range(size) for lane in (i, size + i))
    mask = f"<{BLOCK} x i32> <{order}>"
    return f.value(f"shufflevector {x}, {y}, {mask}", Type(x.type.scalar, BLOCK))
