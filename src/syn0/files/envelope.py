"""The text in a model file: the JSON of a model in an envelope that tells version from damage."""

from __future__ import annotations

import hashlib

import msgspec

from syn0.files import records
from syn0.files.container import check_unique_keys
from syn0.files.refusal import Refused, TooNew, short

_ENVELOPE = msgspec.json.Decoder(records.Envelope)
_MODEL = msgspec.json.Decoder(records.Model)


def seal(record: records.Model) -> str:
    """Return the text of a file: the JSON of a model, with its version and its checksum."""
    model = msgspec.json.encode(record)
    envelope = records.Envelope(
        records.FORMAT,
        records.FORMAT_VERSION,
        hashlib.sha256(model).hexdigest(),
        msgspec.Raw(model),
    )
    return msgspec.json.encode(envelope).decode()


def read_model(text: str) -> records.Model:
    """Return the JSON of a file, decoded into fixed structs."""
    try:
        check_unique_keys(text)
        envelope = _ENVELOPE.decode(text)
        if envelope.format != records.FORMAT:
            raise Refused(f"it is of the format {short(envelope.format)}.")
        if envelope.format_version != records.FORMAT_VERSION:
            newer = envelope.format_version > records.FORMAT_VERSION
            raise (TooNew if newer else Refused)(
                f"it has the version {envelope.format_version} of the format.",
                expected=f"version {records.FORMAT_VERSION}",
                mend="pip install --upgrade syn0" if newer else None,
            )
        found = bytes(envelope.model)
        if hashlib.sha256(found).hexdigest() != envelope.sha256:
            raise Refused(
                "its description does not have the checksum that was written with it.",
                mend="the file is damaged: copy it anew from where it came",
            )
        return _MODEL.decode(found)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Refused(f"its description is not one of a model: {error}.") from None
