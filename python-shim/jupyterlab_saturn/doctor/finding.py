"""What a check found."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NotRequired, TypedDict

from ..errors import Json, SaturnError
from ..plain_text import printable_lines

Status = Literal["ok", "warning", "broken"]
"""``warning``: it works, but worse than it could; ``broken``: something that is needed does not."""

MARKS: dict[Status, str] = {"ok": "✓ ok", "warning": "! warning", "broken": "✕ broken"}
_MARK_WIDTH = max(map(len, MARKS.values()))
_NAME_WIDTH = 19
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class FindingJson(TypedDict):
    """A `Finding` as JSON."""

    check: str
    status: Status
    seen: str
    advice: NotRequired[str]
    facts: NotRequired[Json]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    check
        Name of the check, for people.
    seen
        What was found, with its numbers.
    advice
        What to do about it.
    facts
        What else there is to know, for a report: JSON.
    """

    check: str
    status: Status
    seen: str
    advice: str | None = None
    facts: Json = field(default_factory=dict)

    def to_json(self) -> FindingJson:
        """The finding for another process, and for reports."""
        told: FindingJson = {"check": self.check, "status": self.status, "seen": self.seen}
        if self.advice is not None:
            told["advice"] = self.advice
        if self.facts:
            told["facts"] = self.facts
        return told

    @classmethod
    def from_json(cls, told: FindingJson) -> Finding:
        """The finding that JSON tells."""
        return cls(
            told["check"],
            told["status"],
            told["seen"],
            told.get("advice"),
            told.get("facts", {}),
        )


def line(finding: Finding) -> str:
    """A finding as text: a mark, the check, what was seen, and below it what to do."""
    mark = f"{MARKS[finding.status]:<{_MARK_WIDTH}}"
    text = f"{mark}  {finding.check:<{_NAME_WIDTH}}  {finding.seen}"
    if finding.advice is not None:
        text += f"\n{'':{_MARK_WIDTH + _NAME_WIDTH + 4}}→ {finding.advice}"
    return printable_lines(text)


def broken(check: str, error: Exception) -> Finding:
    """An error as a finding: what it says for people, else the last line of its traceback."""
    if isinstance(error, SaturnError):
        facts: Json = {"code": error.code}
        if error.traceback is not None:
            facts["traceback"] = error.traceback
        status: Status = "warning" if error.code == "device-busy" else "broken"
        return Finding(check, status, error.message, error.hint, facts)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Finding(
            check,
            "broken",
            f"A file that it takes cannot be written: {error.strerror}.",
            "Free some space where sessions are kept, or set SATURN_HOME to a folder on another "
            "disk.",
        )
    lines = traceback.format_exception(error)
    return Finding(
        check,
        "broken",
        f"The check itself failed: {lines[-1].strip()}",
        "Please report this, with the file named below.",
        {"traceback": "".join(lines)},
    )


def guarded(check: str, look: Callable[[], Finding]) -> Finding:
    """What a check finds. Never raises."""
    try:
        return look()
    except Exception as error:
        return broken(check, error)
