"""Files that are nearly right: made from good ones by changes that know their structure.

Where a change is to be found by more than a checksum, the checksums are written anew.
"""

from __future__ import annotations

import contextlib
import copy
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import wares

import syn0
from syn0.errors import FileFormatError

Rng = np.random.Generator

ODD: list[Any] = [
    None, True, False, 0, 1, -1, 2, 7, 255, 2**31, 2**40, 2**53, 2**63, 2**64, 10**30, -(2**63),
    0.5, -0.0, 1e308, 5e-324, "", "x", "W_hidden", "np", "__import__", "os.system", "layers.Dense",
    "losses.Huber", "ops.matmul", "batch", "a" * 2000, "\n", "../../etc/passwd", "nan", "inf",
    [], [0], [[]], [1, 2, 3], {}, {"is": "own", "number": 0}, {"is": "items", "items": []},
    {"is": "function", "name": "activations.relu"}, {"is": "special", "text": "nan"},
    {"is": "initial"}, {"is": "output", "node": 0},
    {"is": "record", "kind": "layers.Flatten", "fields": {"name": None}},
    {"is": "record", "kind": "builtins.eval", "fields": {}},
]  # fmt: skip
DTYPES = ["F64", "F32", "F16", "BF16", "I64", "U32", "BOOL", "C64", "F8_E4M3", "", "object", None]
SIZES = [0, 1, 2, 3, 4, 8, 2**16, 2**31, 2**40, 2**62, 2**63, 2**64, 10**20, -1]


def mutate(content: bytes, rng: Rng) -> bytes:
    """Return a file with one change, or a few."""
    kind = MUTATORS[rng.integers(len(MUTATORS))]
    changed = kind(content, rng)
    return kind(changed, rng) if changed and rng.random() < 0.2 and kind in RAW else changed


# ----- bytes --------------------------------------------------------------


def flip(content: bytes, rng: Rng) -> bytes:
    whole = bytearray(content)
    for place in rng.integers(len(whole), size=rng.integers(1, 9)):
        whole[place] ^= 1 << int(rng.integers(8))
    return bytes(whole)


def overwrite(content: bytes, rng: Rng) -> bytes:
    whole, place = bytearray(content), int(rng.integers(len(content)))
    part = [b"\0" * 16, b"\xff" * 16, b'"', b"{", b"]", b",", rng.bytes(8)][rng.integers(7)]
    whole[place : place + len(part)] = part
    return bytes(whole)


def cut(content: bytes, rng: Rng) -> bytes:
    return content[: rng.integers(len(content))]


def extend(content: bytes, rng: Rng) -> bytes:
    return content + [b"\0", b" ", b"}", content[:100], rng.bytes(40)][rng.integers(5)]


def repeat(content: bytes, rng: Rng) -> bytes:
    begin, end = sorted(rng.integers(len(content), size=2))
    return content[:end] + content[begin:end] + content[end:]


def leave_out(content: bytes, rng: Rng) -> bytes:
    begin = int(rng.integers(len(content)))
    return content[:begin] + content[begin + int(rng.integers(1, 65)) :]


def another_length(content: bytes, rng: Rng) -> bytes:
    length = int.from_bytes(content[:8], "little")
    odd = [
        0,
        1,
        2,
        max(1, length) - 1,
        min(length, 2**60) + 1,
        len(content),
        2**24,
        2**32,
        2**63,
        2**64 - 1,
    ]
    return odd[rng.integers(len(odd))].to_bytes(8, "little") + content[8:]


# ----- the header ---------------------------------------------------------


def tensor_entry(content: bytes, rng: Rng) -> bytes:
    """Change what the header says of a tensor."""
    header, data = wares.take_apart(content)
    names = [name for name in header if name != "__metadata__"]
    one, other = (names[i] for i in rng.integers(len(names), size=2))
    entry = header[one]
    match int(rng.integers(9)):
        case 0:
            header[one], header[other] = header[other], header[one]
        case 1:
            entry["dtype"] = DTYPES[rng.integers(len(DTYPES))]
        case 2:
            size = SIZES[rng.integers(len(SIZES))]
            entry["shape"] = [*entry["shape"][:-1], size, *[1] * rng.integers(3)]
        case 3:
            entry["shape"] = [1] * int(rng.integers(0, 70))
        case 4:
            entry["data_offsets"][rng.integers(2)] += int(rng.integers(-64, 65))
        case 5:
            entry["data_offsets"] = [SIZES[i] for i in rng.integers(len(SIZES), size=2)]
        case 6:
            header[one + "x"] = header.pop(one)
        case 7:
            entry["more"] = ODD[rng.integers(len(ODD))]
        case _:
            field = ["dtype", "shape", "data_offsets"][rng.integers(3)]
            entry[field] = ODD[rng.integers(len(ODD))]
    return wares.put_together(header, data)


def twice_in_header(content: bytes, rng: Rng) -> bytes:
    """Name a tensor twice."""
    header, data = wares.take_apart(content)
    name = list(header)[rng.integers(len(header))]
    text = json.dumps(header)[:-1] + f", {json.dumps(name)}: {json.dumps(header[name])}}}"
    return wares.put_together(text.encode(), data)


def another_size(content: bytes, rng: Rng) -> bytes:
    """Give a tensor another size, with bytes and checksums that go with it."""
    header, data = wares.take_apart(content)
    names = sorted(
        (name for name in header if name != "__metadata__"),
        key=lambda name: header[name]["data_offsets"],
    )
    chosen, parts, place = names[rng.integers(len(names))], [], 0
    for name in names:
        entry = header[name]
        begin, end = entry["data_offsets"]
        part = data[begin:end]
        if name == chosen:
            entry["shape"] = [int(rng.integers(1, 5)), *entry["shape"][: rng.integers(3)]]
            size = {"F64": 8, "F32": 4, "I64": 8, "U32": 4}.get(entry["dtype"], 1)
            part = bytes(int(np.prod(entry["shape"])) * size)
        entry["data_offsets"] = [place, place + len(part)]
        place += len(part)
        parts.append(part)
    return _resealed(header, b"".join(parts))


def other_numbers(content: bytes, rng: Rng) -> bytes:
    """Write other numbers into a tensor, with the checksum that goes with them."""
    header, data = wares.take_apart(content)
    names = [name for name in header if name != "__metadata__"]
    begin, end = header[names[rng.integers(len(names))]]["data_offsets"]
    if begin == end:
        return content
    odd = [b"\xff", b"\0", np.float32(np.nan).tobytes(), np.float64(-np.inf).tobytes()]
    filled = (odd[rng.integers(4)] * (end - begin))[: end - begin]
    return _resealed(header, data[:begin] + filled + data[end:])


def _resealed(header: dict[str, Any], data: bytes) -> bytes:
    model = {**wares.model_of(header), "checksums": wares.checked(header, data)}
    return wares.put_together(wares.sealed(header, model), data)


# ----- the JSON of the model ----------------------------------------------


def json_value(content: bytes, rng: Rng) -> bytes:
    """Change some values of the JSON, with a checksum that is right."""
    header, data = wares.take_apart(content)
    model = wares.model_of(header)
    for _ in range(rng.integers(1, 4)):
        places = list(_places(model))
        holder, key = places[rng.integers(len(places))]
        match int(rng.integers(7)):
            case 0:
                if isinstance(holder, dict):
                    holder[f"{key}x"] = holder.pop(key)
            case 1:
                del holder[key]
            case 2:
                other, where = places[rng.integers(len(places))]
                holder[key] = copy.deepcopy(other[where]) if where in _keys(other) else None
            case 3 if isinstance(holder[key], (int, float)):
                holder[key] = holder[key] + [1, -1, 2**20, 0.5][rng.integers(4)]
            case 4 if isinstance(holder[key], list):
                holder[key] = holder[key] * int(rng.integers(2, 40))
            case _:
                holder[key] = copy.deepcopy(ODD[rng.integers(len(ODD))])
    return wares.put_together(wares.sealed(header, model), data)


def json_alike(content: bytes, rng: Rng) -> bytes:
    """Change some values of the JSON to others of their kind, so that the types are right."""
    header, data = wares.take_apart(content)
    model = wares.model_of(header)
    sums = set(model["checksums"])
    words = [v for h, k in _places(model) if isinstance(v := h[k], str) and len(v) < 60]
    for _ in range(rng.integers(1, 3)):
        places = [(h, k) for h, k in _places(model) if k not in sums]
        holder, key = places[rng.integers(len(places))]
        value = holder[key]
        if isinstance(value, bool):
            holder[key] = not value
        elif isinstance(value, int):
            near = [value + 1, value - 1, 0, 1, 2, 3, -1, 17, 2**20, 2**33, 2**39]
            holder[key] = near[rng.integers(len(near))]
        elif isinstance(value, float):
            holder[key] = [0.0, -1.0, 1e30, 1e-30, 1e308, 0.5][rng.integers(6)]
        elif isinstance(value, str):
            holder[key] = words[rng.integers(len(words))]
        elif isinstance(value, list):
            longer = [*value, *value[: rng.integers(3)]]
            holder[key] = [longer[i] for i in rng.permutation(len(longer))[: rng.integers(9)]]
        else:
            other, where = places[rng.integers(len(places))]
            holder[key] = copy.deepcopy(other[where])
    return wares.put_together(wares.sealed(header, model), data)


def json_text(content: bytes, rng: Rng) -> bytes:
    """Change the text of the JSON."""
    header, data = wares.take_apart(content)
    text = json.dumps(wares.model_of(header))
    match int(rng.integers(5)):
        case 0:
            place = int(rng.integers(len(text)))
            text = text[:place] + '{}[],:"\\1e-\u1234'[rng.integers(12)] + text[place + 1 :]
        case 1:
            text = text.replace("null", "NaN", 1)
        case 2:
            text = text.replace(": 0", ": 1e999", 1)
        case 3:
            text = "[" * int(rng.integers(1, 5000)) + text
        case _:
            text = '{"seed": 1, ' + text[1:]
    return wares.put_together(wares.sealed(header, text), data)


def envelope(content: bytes, rng: Rng) -> bytes:
    """Change what stands around the model."""
    header, data = wares.take_apart(content)
    key = ["format", "format_version", "sha256"][rng.integers(3)]
    odd = {key: ODD[rng.integers(len(ODD))]}
    return wares.put_together(wares.sealed(header, wares.model_of(header), **odd), data)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in _keys(value):
        yield value, key
        yield from _places(value[key])


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


RAW: tuple[Callable[[bytes, Rng], bytes], ...] = (
    flip, overwrite, cut, extend, repeat, leave_out, another_length,
)  # fmt: skip
MUTATORS = (
    *RAW, tensor_entry, tensor_entry, twice_in_header, another_size, other_numbers,
    json_value, json_value, json_alike, json_alike, json_alike, json_alike, json_text, envelope,
)  # fmt: skip


# ----- trying them --------------------------------------------------------


class TooLongError(BaseException):
    """Loading took more than a second of the processor's time."""


def load_or_refuse(content: bytes, place: Path) -> str:
    """Load a file; return why it was refused, nothing if it was not.

    Any other error than ours, and more than a second of the processor's time, goes through.
    """
    place.write_bytes(content)
    with limited():
        try:
            syn0.load(place)
        except FileFormatError as error:
            return str(error)
    return ""


@contextlib.contextmanager
def limited(seconds: float = 1.0) -> Iterator[None]:
    """Raise `TooLongError` after so much time of the processor, where the system can."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def too_long(number: int, frame: Any) -> None:
        raise TooLongError

    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
