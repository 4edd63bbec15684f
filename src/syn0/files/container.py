"""The container: a safetensors file whose header is checked before its library sees it.

The header of a file is text that anybody may have written. Here it is held against the bytes
that are there, in whole numbers of any size, and nothing is read that it does not account
for: each byte of the file belongs to the header or to one tensor.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from syn0.files.refusal import Refused, short

MOST_HEADER = 16 * 2**20  # bytes; safetensors itself takes 100 MB
MOST_TENSORS = 100_000
MOST_VALUES = 400_000  # commas and brackets, so that a small file cannot become large objects
MOST_DEPTH = 64
MOST_RANK = 16
MOST_SIZE = 2**40
KEY = "syn0"  # of the metadata

# What safetensors calls the dtypes that a model may have.
DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32", "U16": "uint16",
    "U8": "uint8", "BOOL": "bool",
}  # fmt: skip

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Span:
    """A tensor as the header describes it: its dtype, its shape, and where its bytes lie."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Container:
    """A file whose header has been checked: its text, and what tensors it holds."""

    path: Path
    text: str
    spans: Mapping[str, Span]


# ----- writing ------------------------------------------------------------


def pack(text: str, tensors: Arrays) -> bytes:
    """Return the bytes of a file that holds a text and tensors."""
    for name, array in tensors.items():
        if str(array.dtype) not in DTYPES.values():
            raise Refused(
                f"{name} has the dtype {array.dtype}.", expected=", ".join(DTYPES.values())
            )
    whole = {name: np.require(array, requirements="C") for name, array in tensors.items()}
    content = safetensors.numpy.save(whole, {KEY: text})
    length = int.from_bytes(content[:8], "little")
    _check_header(content[8 : 8 + length])  # what cannot be read is not written
    return content


def checksum(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the bytes of a tensor as the file holds them."""
    flat = np.ascontiguousarray(array).reshape(-1)
    if flat.dtype.byteorder == ">" or (flat.dtype.byteorder == "=" and sys.byteorder == "big"):
        flat = flat.byteswap()
    return hashlib.sha256(flat.view("uint8").data).hexdigest()


# ----- reading ------------------------------------------------------------


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file and give its size; a pipe or a device is refused, not waited for."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            raise Refused("it is a folder, a pipe or a device.", expected="a model file")
        with open(number, "rb", closefd=False) as file:
            yield file, state.st_size
    finally:
        os.close(number)


def read_container(path: Path) -> Container:
    """Return what a file says of itself, after all checks that need no knowledge of networks."""
    with opened(path) as (file, size):
        head = file.read(8)
        if len(head) < 8:
            raise Refused(f"it has {size} bytes.", expected="a model file, written by net.save")
        length = int.from_bytes(head, "little")
        if not 2 <= length <= min(MOST_HEADER, size - 8):
            raise Refused(
                f"its first 8 bytes announce a header of {length} bytes in a file of {size}.",
                expected="a model file, written by net.save",
            )
        header = file.read(length)
    if len(header) < length:
        raise Refused("it became shorter while it was read.")
    table = _parse(header)
    metadata = table.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {KEY}:
        raise Refused(
            "it is a safetensors file of something else.",
            expected=f"metadata with the key {KEY!r}, written by net.save",
        )
    text = metadata[KEY]
    if not isinstance(text, str):
        raise Refused(f"its metadata {KEY!r} are no text.")
    if len(table) > MOST_TENSORS:
        raise Refused(f"it has {len(table)} tensors.", expected=f"at most {MOST_TENSORS}")
    spans = {name: _span(name, entry) for name, entry in table.items()}
    _check_places(spans, size - 8 - length)
    return Container(path, text, spans)


def _parse(header: bytes) -> dict[str, Any]:
    """Return the header's table; each key stands once, and it holds not too many values."""
    _check_header(header)
    try:
        table = json.loads(
            header.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise Refused("its header is no JSON.", where=short(str(error))) from None
    if not isinstance(table, dict):
        raise Refused("its header is no JSON object.")
    return table


def _check_header(header: bytes) -> None:
    """Refuse a header that is long, or would become large in memory."""
    values = sum(map(header.count, (b",", b"[", b"{")))
    if len(header) > MOST_HEADER or values > MOST_VALUES:
        raise Refused(
            f"its header has {len(header)} bytes and {values} values.",
            expected=f"at most {MOST_HEADER} and {MOST_VALUES}",
        )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Refused(f"its JSON has the key {short(name)} twice.")
        found[name] = value
    return found


def _refuse_constant(word: str) -> Any:
    raise Refused(f"its JSON holds {word}, which is no number of JSON.")


def check_unique_keys(text: str) -> None:
    """Refuse a JSON text in which an object has a key twice."""
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused("its description is no JSON.", where=short(str(error))) from None


def _span(name: str, entry: Any) -> Span:
    """Return the description of a tensor, each number of which is one."""
    where = f"tensor {short(name)}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise Refused("a tensor is not described.", where=where, expected="dtype, shape, offsets")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise Refused(f"it has the dtype {short(dtype)}.", where=where, expected=", ".join(DTYPES))
    if not _are_sizes(shape) or len(shape) > MOST_RANK or any(n > MOST_SIZE for n in shape):
        raise Refused(f"it has the shape {short(shape)}.", where=where)
    if not _are_sizes(offsets) or len(offsets) != 2:
        raise Refused(f"it lies at {short(offsets)}.", where=where, expected="[begin, end]")
    begin, end = offsets
    # In Python's whole numbers, which do not overflow.
    bytes_needed = math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize
    if end - begin != bytes_needed:
        raise Refused(
            f"{bytes_needed} bytes are needed and it has {end - begin}.", where=where,
        )  # fmt: skip
    return Span(DTYPES[dtype], tuple(shape), begin, end)


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(n) is int and n >= 0 for n in values)


def _check_places(spans: Mapping[str, Span], size: int) -> None:
    """Refuse tensors that leave a byte out, share one, or lie outside of the file."""
    places = sorted((span.begin, span.end) for span in spans.values())
    ends = [(0, 0), *places, (size, size)]
    for (_, end), (begin, _) in pairwise(ends):
        if begin != end:
            raise Refused(
                f"its tensors do not fill its {size} bytes of data one after the other.",
                where=f"byte {min(begin, end)} of the data",
                mend="the file is damaged or was cut: copy it anew from where it came",
            )


def read_tensors(container: Container, names: list[str], checksums: Mapping[str, str]) -> Any:
    """Yield some tensors as arrays of their own, after their checksums."""
    if not names:
        return
    # Without a mapping: the pages of a file that is cut meanwhile would end the process.
    with safetensors.safe_open(container.path, framework="np", backend="pread") as file:
        if set(file.keys()) != set(container.spans):
            raise Refused("it was replaced while it was read.", mend="load it again")
        for name in names:
            array, span = np.array(file.get_tensor(name)), container.spans[name]
            if (str(array.dtype), array.shape) != (span.dtype, span.shape):
                raise Refused("it was replaced while it was read.", mend="load it again")
            if checksum(array) != checksums.get(name):
                raise Refused(
                    "a tensor does not have the checksum that was written with it.",
                    where=f"tensor {short(name)}",
                    mend="the file is damaged: copy it anew from where it came",
                )
            yield name, array
