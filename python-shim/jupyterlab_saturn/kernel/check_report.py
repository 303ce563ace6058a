"""What the check of a technique found, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .display import View, table

if TYPE_CHECKING:
    from ..training.conformance.report import FindingJson, ReportJson

_HEAD = ("Result", "Check", "What it found")


class CheckReport(View):
    """The report of a technique's check.

    Attributes
    ----------
    passed
        Whether the technique keeps all its promises.
    """

    def __init__(self, report: ReportJson) -> None:
        self.passed = report["passed"]
        checks = report["checks"]
        failed = sum(not check["passed"] for check in checks)
        verdict = (
            f"{report['technique']} passed all {len(checks)} checks."
            if self.passed
            else f"{report['technique']} failed {failed} of {len(checks)} checks."
        )
        width = max((len(check["name"]) for check in checks), default=0)
        lines = [
            f"{_mark(check)}  {check['name']:<{width}}  {check['detail']}".rstrip()
            for check in checks
        ]
        rows = [(_mark(check), check["name"], check["detail"]) for check in checks]
        super().__init__("\n".join([*lines, verdict]), table(_HEAD, rows, verdict))


def _mark(check: FindingJson) -> str:
    return "✓ passed" if check["passed"] else "✕ failed"
