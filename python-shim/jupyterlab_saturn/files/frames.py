"""What is said of files between a node and its session: a header of JSON, and bytes of a file."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import SaturnError
from ..wire import validate

if TYPE_CHECKING:
    from ..generated.wire_types import FileReply, FileRequest

CHUNK = 1 << 20
"""Bytes of a file in one frame at most: what else is said waits for no more than that."""

WINDOW = 8
"""Requests of one node that are not answered yet, at most: so much is in memory on the way."""

_LENGTH = struct.Struct(">I")


def files_endpoint(runtime: Path) -> str:
    """ZeroMQ address of who carries files, in a session's runtime folder."""
    return f"ipc://{runtime / 'files.sock'}"


def packed(header: FileRequest | FileReply, data: bytes = b"") -> bytes:
    """A frame."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, data))


def request_of(frame: bytes) -> tuple[FileRequest, bytes]:
    """What is asked, and its bytes. Raises SaturnError ``bad-message``."""
    header, data = _unpacked("FileRequest", frame)
    return cast("FileRequest", header), data


def asked(frame: bytes) -> int:
    """Id of a request, or of its answer, that may be malformed otherwise; 1 when it has none."""
    try:
        (length,) = _LENGTH.unpack_from(frame)
        number = json.loads(frame[_LENGTH.size : _LENGTH.size + length])["id"]
    except (struct.error, ValueError, TypeError, KeyError, RecursionError):
        return 1
    return number if isinstance(number, int) and number > 0 else 1


def reply_of(frame: bytes) -> tuple[FileReply, bytes]:
    """An answer, and its bytes. Raises SaturnError ``bad-message``."""
    header, data = _unpacked("FileReply", frame)
    return cast("FileReply", header), data


def _unpacked(definition: str, frame: bytes) -> tuple[object, bytes]:
    try:
        (length,) = _LENGTH.unpack_from(frame)
        begin = _LENGTH.size
        if len(frame) < begin + length:
            raise ValueError("it is torn")
        header = json.loads(frame[begin : begin + length])
    except (struct.error, ValueError, RecursionError) as error:
        raise SaturnError("bad-message", f"A frame of files is malformed: {error}.") from None
    validate(definition, header)
    return header, frame[begin + length :]
