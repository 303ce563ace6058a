"""All that was found, as text for people and as JSON for those who are to help."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from ..errors import Json
from .finding import MARKS, Finding, FindingJson

_FAMILIES = re.compile(r"(CUDA|NCCL|TORCH|PYTORCH|GLOO|OMP|MKL)_[A-Z0-9_]+")
_NAMES = frozenset(
    {
        *("SATURN_HOME", "SATURN_NODE", "SATURN_ENGINE", "SATURN_CACHE", "SATURN_IDLE_SECONDS"),
        *("NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES", "ACCELERATE_USE_CPU"),
    }
)
_PRIVATE = re.compile(r"TOKEN|KEY|SECRET|PASS|CREDENTIAL|AUTH")


class ReportJson(TypedDict):
    """A `Report` as JSON."""

    version: int
    made: str
    deep: bool
    verdict: str
    environment: dict[str, str]
    checks: list[FindingJson]


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes
    ----------
    deep
        Whether it was the long examination.
    """

    findings: Sequence[Finding]
    deep: bool = False

    @property
    def sound(self) -> bool:
        """Whether nothing is broken."""
        return all(finding.status != "broken" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """All in a sentence."""
        count = {
            status: sum(finding.status == status for finding in self.findings) for status in MARKS
        }
        told = [f"{count[status]} {status}" for status in ("broken", "warning") if count[status]]
        checks = f"{len(self.findings)} checks"
        return f"{checks}: {', '.join(told)}." if told else f"{checks}, all ok."

    def to_json(self) -> ReportJson:
        """For a bug report: without secrets, and without the name of the home folder."""
        told: ReportJson = {
            "version": 1,
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "deep": self.deep,
            "verdict": self.verdict,
            "environment": environment(os.environ),
            "checks": [finding.to_json() for finding in self.findings],
        }
        shortened: ReportJson = _shortened(told, str(Path.home()))
        return shortened

    def write(self, path: Path) -> None:
        """Write the JSON. Raises OSError."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, default=str)
        path.write_text(f"{text}\n", encoding="utf-8")


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that training depends on, of those that hold no secrets."""
    return {
        name: value
        for name, value in sorted(variables.items())
        if name in _NAMES or (_FAMILIES.fullmatch(name) and not _PRIVATE.search(name))
    }


def _shortened(value: Any, home: str) -> Any:
    if isinstance(value, str):
        return value.replace(home, "~") if len(home) > 1 else value
    if isinstance(value, dict):
        found: Json = {name: _shortened(each, home) for name, each in value.items()}
        return found
    if isinstance(value, list | tuple):
        return [_shortened(each, home) for each in value]
    return value
