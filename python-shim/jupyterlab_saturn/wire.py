"""Messages of the wire schema: made, encoded, decoded and validated at the boundary."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from .errors import Json, SaturnError

if TYPE_CHECKING:
    from .generated.wire_types import (
        AgentMessage,
        ClientMessage,
        EngineMessage,
        KernelMessage,
        MakeMessage,
    )

    AnyMessage = AgentMessage | ClientMessage | EngineMessage | KernelMessage

Direction = Literal["client", "agent", "kernel", "engine"]
"""Who speaks."""

PING_SECONDS = 5.0
"""So often a client tells an engine that it is there."""

SCHEMA = Path(__file__).with_name("generated") / "schema.json"
"""File of the schema."""

_SAME_VERSION = "Restart the kernel and the session so that both run the same version."
_ids = itertools.count(1)


@functools.cache
def schema() -> Json:
    """The JSON Schema of all messages and journal records, which the engine is built with, too."""
    loaded: Json = json.loads(SCHEMA.read_text("utf-8"))
    return loaded


@functools.cache
def _validator(definition: str) -> Callable[[Any], Any]:
    import fastjsonschema

    validate: Callable[[Any], Any] = fastjsonschema.compile(
        {"$ref": f"#/definitions/{definition}", "definitions": schema()["definitions"]},
        use_default=False,
    )
    return validate


def prepare(*definitions: str) -> None:
    """Make validators beforehand; those of a whole state take a good part of a second."""
    for definition in definitions:
        _validator(definition)


def validate(definition: str, value: Any) -> None:
    """Check a value against a definition of the schema. Raises SaturnError ``bad-message``."""
    import fastjsonschema

    try:
        _validator(definition)(value)
    except fastjsonschema.JsonSchemaException as error:
        raise SaturnError(
            "bad-message", f"A {definition} is malformed: {error}.", _SAME_VERSION
        ) from None


def _message(sender: Direction, type: str, body: Any = None, re: str | None = None) -> Any:
    envelope = {"v": 1, "id": new_id(), "type": type, "body": {} if body is None else body}
    if re is not None:
        envelope["re"] = re
    return envelope


message: MakeMessage = _message
"""A new envelope for what a sender says: its type and body, and ``re``, the id of what it answers.

Type checkers know which bodies go with which types; at run time `encode` sees to that.
"""


def new_id() -> str:
    """An id for a message, unique to this process."""
    return f"{os.getpid()}-{next(_ids)}"


def encode(sender: Direction, envelope: AnyMessage) -> bytes:
    """A validated message as bytes. Raises SaturnError ``bad-message`` or ``too-large``."""
    check(sender, envelope)
    data = json.dumps(envelope, separators=(",", ":"), allow_nan=False).encode()
    check_size(data)
    return data


def check_size(data: bytes) -> None:
    """Raises SaturnError ``too-large`` for a message that nobody would take."""
    limit = schema()["maxBytes"]
    if len(data) > limit:
        raise SaturnError(
            "too-large",
            f"A message of {len(data)} bytes is over the limit of {limit} bytes.",
            "Send fewer tasks at once.",
        )


@overload
def decode(sender: Literal["client"], data: bytes) -> ClientMessage: ...
@overload
def decode(sender: Literal["agent"], data: bytes) -> AgentMessage: ...
@overload
def decode(sender: Literal["kernel"], data: bytes) -> KernelMessage: ...
@overload
def decode(sender: Literal["engine"], data: bytes) -> EngineMessage: ...
def decode(sender: Direction, data: bytes) -> Any:
    """Bytes as a validated message. Raises SaturnError ``bad-message`` or ``unknown-message``."""
    try:
        envelope: Any = json.loads(data)
    except ValueError as error:
        raise SaturnError("bad-message", f"A message is not JSON: {error}.") from None
    except RecursionError:
        raise SaturnError("bad-message", "A message is nested too deeply.") from None
    check(sender, envelope)
    return envelope


def answered(data: bytes) -> str:
    """Id of what a message answers that may be malformed otherwise; empty when it is none."""
    try:
        asked = json.loads(data).get("re")
    except (ValueError, AttributeError, RecursionError):
        return ""
    return asked if isinstance(asked, str) else ""


def check(sender: Direction, envelope: Any) -> None:
    """Validate a message. Raises SaturnError ``bad-message`` or ``unknown-message``."""
    validate("Envelope", envelope)
    definition = schema()["directions"][sender].get(envelope["type"])
    if definition is None:
        raise SaturnError(
            "unknown-message",
            f"Nobody here understands a message of type {envelope['type']!r} from a {sender}.",
            _SAME_VERSION,
        )
    validate(definition, envelope["body"])
