"""Messages of the wire schema: made, encoded, decoded and validated at the boundary."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections.abc import Callable
from importlib import resources
from typing import Any, Literal

from .errors import Json, SaturnError

Direction = Literal["client", "agent", "kernel", "engine"]

_SAME_VERSION = "Restart the kernel and the session so that both run the same version."
_ids = itertools.count(1)


@functools.cache
def _schema() -> Json:
    text = resources.files(__package__).joinpath("generated/schema.json").read_text("utf-8")
    schema: Json = json.loads(text)
    return schema


@functools.cache
def _validator(definition: str) -> Callable[[Any], Any]:
    import fastjsonschema

    validate: Callable[[Any], Any] = fastjsonschema.compile(
        {"$ref": f"#/definitions/{definition}", "definitions": _schema()["definitions"]},
        use_default=False,
    )
    return validate


def validate(definition: str, value: Any) -> None:
    """Check a value against a definition of the schema. Raises SaturnError ``bad-message``."""
    import fastjsonschema

    try:
        _validator(definition)(value)
    except fastjsonschema.JsonSchemaException as error:
        raise SaturnError(
            "bad-message", f"A {definition} is malformed: {error}.", _SAME_VERSION
        ) from None


def message(type: str, body: Json | None = None, re: str | None = None) -> Json:
    """A new envelope with an id unique to this process."""
    envelope: Json = {"v": 1, "id": f"{os.getpid()}-{next(_ids)}", "type": type, "body": body or {}}
    if re is not None:
        envelope["re"] = re
    return envelope


def encode(sender: Direction, envelope: Json) -> bytes:
    """A validated message as bytes. Raises SaturnError ``bad-message`` or ``too-large``."""
    check(sender, envelope)
    data = json.dumps(envelope, separators=(",", ":"), allow_nan=False).encode()
    limit = _schema()["maxBytes"]
    if len(data) > limit:
        raise SaturnError(
            "too-large",
            f"A message of {len(data)} bytes is over the limit of {limit} bytes.",
            "Send fewer tasks at once.",
        )
    return data


def decode(sender: Direction, data: bytes) -> Json:
    """Bytes as a validated message. Raises SaturnError ``bad-message`` or ``unknown-message``."""
    try:
        envelope = json.loads(data)
    except ValueError as error:
        raise SaturnError("bad-message", f"A message is not JSON: {error}.") from None
    check(sender, envelope)
    return envelope  # type: ignore[no-any-return]


def check(sender: Direction, envelope: Any) -> None:
    """Validate a message. Raises SaturnError ``bad-message`` or ``unknown-message``."""
    validate("Envelope", envelope)
    definition = _schema()["directions"][sender].get(envelope["type"])
    if definition is None:
        raise SaturnError(
            "unknown-message",
            f"Nobody here understands a message of type {envelope['type']!r} from a {sender}.",
            _SAME_VERSION,
        )
    validate(definition, envelope["body"])
