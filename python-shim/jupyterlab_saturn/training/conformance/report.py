"""What an examination found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ...errors import SaturnError
from ..runtime.failure import user_traceback
from ..techniques import Technique, catalogue, find, make_technique, require_free
from .bounds import Kind
from .checks import CHECKS, Check
from .probe_tasks import LLAMA, llama, stack
from .technique_under_test import TechniqueUnderTest
from .test_bench import TestBench

if TYPE_CHECKING:
    from ...generated.wire_types import TechniqueSpec

_PATIENCE_SECONDS = 30.0
_MOST_PROBLEMS = 3


class FindingJson(TypedDict):
    """A `Finding` as JSON."""

    name: str
    passed: bool
    detail: str


class ReportJson(TypedDict):
    """A `Report` as JSON, for the process that asked for it."""

    technique: str
    checks: list[FindingJson]
    passed: bool


@dataclass(frozen=True)
class Finding:
    """Whether a check passed, and what it found when not."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Report:
    """The findings on a technique."""

    technique: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(finding.passed for finding in self.findings)

    def to_json(self) -> ReportJson:
        """The report for another process."""
        checks: list[FindingJson] = [
            {"name": each.name, "passed": each.passed, "detail": each.detail}
            for each in self.findings
        ]
        return {"technique": self.technique, "checks": checks, "passed": self.passed}

    def to_text(self) -> str:
        """A table, a line a check."""
        width = max(len(finding.name) for finding in self.findings)
        lines = [
            f"{'passed' if each.passed else 'FAILED'}  {each.name:{width}}  {each.detail}"
            for each in self.findings
        ]
        verdict = "conforms" if self.passed else "does not conform"
        return "\n".join([*lines, f"{self.technique} {verdict}."])


def examine(
    target: str,
    source: str | None,
    devices: Sequence[int],
    kind: Kind = "cpu",
    names: Collection[str] | None = None,
) -> Report:
    """Run checks of a technique on this machine.

    Parameters
    ----------
    target
        Name of a technique that a package brings, or ``module:Class``.
    source
        Source of the module, when it is in no file.
    devices
        Device counts to try it on.
    kind
        On its CPUs or its GPUs.
    names
        Of the checks; all when absent.
    """
    try:
        technique = _own(target, source) if ":" in target else find(target)
    except SaturnError as error:
        return Report(target, (Finding("made", False, str(error)),))
    specs: list[TechniqueSpec] = []
    if ":" in target:
        specs = [{"name": technique.name, "target": target}]
        if source is not None:
            specs[0]["source"] = source
    with TestBench(specs, patience=_PATIENCE_SECONDS, kind=kind) as bench:
        candidate = subject_of(technique, bench, devices)
        wanted = [check for check in CHECKS if names is None or check.name in names]
        return Report(technique.name, tuple(look_into(check, candidate) for check in wanted))


def _own(target: str, source: str | None) -> Technique:
    technique = make_technique(target, source)
    require_free(technique.name, catalogue())
    return technique


def subject_of(
    technique: Technique, bench: TestBench, devices: Sequence[int]
) -> TechniqueUnderTest:
    """The technique with a plain task, or with one of known layers when it needs that."""
    plain = TechniqueUnderTest(technique, bench, devices, stack)
    try:
        if list(plain.strategies()):
            return plain
        known = TechniqueUnderTest(technique, bench, devices, llama)
        if not list(known.strategies()):
            return plain
        bench.preload(LLAMA)
        return known
    except Exception:
        return plain  # the checks tell what it raised


def look_into(check: Check, candidate: TechniqueUnderTest) -> Finding:
    """What a check finds. Never raises."""
    remark = None
    try:
        problems = list(check.problems(candidate))
        if not problems:
            remark = check.remark(candidate)
    except Exception as error:
        problems = [user_traceback(error)]
    if not problems:
        return Finding(check.name, True, remark or check.promise)
    more = len(problems) - _MOST_PROBLEMS
    shown = [*problems[:_MOST_PROBLEMS], *([f"and {more} more"] if more > 0 else [])]
    return Finding(check.name, False, "\n".join(shown))
