"""``python -m jupyterlab_saturn doctor [--deep] [--json FILE]``"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .examination import examine
from .finding import Finding, line
from .report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine this machine and tell each finding when there is one.

    Returns
    -------
    int
        0 when nothing is broken, else 1.
    """
    parser = argparse.ArgumentParser(
        prog="python -m jupyterlab_saturn doctor",
        description="Look at this machine, and train on it for a few seconds.",
    )
    parser.add_argument(
        "--deep", action="store_true", help="try every technique, and faults: ten minutes"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the report")
    parser.add_argument(
        "--lines", action="store_true", help="tell the findings as lines of JSON, for programs"
    )
    asked = parser.parse_args(arguments)
    findings: list[Finding] = []
    for finding in examine(asked.deep):
        findings.append(finding)
        _say(json.dumps(finding.to_json()) if asked.lines else line(finding))
    report = Report(findings, asked.deep)
    path = _written(report, asked.json)
    if asked.lines:
        _say(json.dumps({"verdict": report.verdict, "file": path}))
    else:
        _say(f"\n{report.verdict}" + (f" For a bug report: {path}" if path else ""))
    return 0 if report.sound else 1


def _written(report: Report, wanted: Path | None) -> str | None:
    """Where the report was written; None when it could not be."""
    try:
        if wanted is None:
            handle, name = tempfile.mkstemp(prefix="saturn-doctor-", suffix=".json")
            os.close(handle)
            wanted = Path(name)
        report.write(wanted)
    except OSError as error:
        sys.stderr.write(f"The report cannot be written: {error}\n")
        return None
    return str(wanted)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
