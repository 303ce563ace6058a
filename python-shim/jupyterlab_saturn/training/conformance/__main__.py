"""``python -m jupyterlab_saturn.training.conformance TARGET [--devices 1,2,4] [--kind cuda]``

More options: ``--help``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from .checks import CHECKS
from .report import examine


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine a technique and write the report to stdout. Returns 0 when it conforms, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m jupyterlab_saturn.training.conformance",
        description="Try whether a technique changes the speed of training, not what is trained.",
    )
    parser.add_argument(
        "target", help="module:Class, or the name of a technique that a package brings"
    )
    parser.add_argument("--source", type=Path, help="file with the source of the module")
    parser.add_argument(
        "--devices", type=_counts, default=(1, 2, 4), help="numbers of ranks to try, e.g. 1,2,4"
    )
    parser.add_argument(
        "--kind",
        choices=("cpu", "cuda"),
        default="cpu",
        help="devices to try it on; ranks beyond the number of GPUs share some",
    )
    parser.add_argument(
        "--checks",
        nargs="+",
        metavar="NAME",
        choices=[check.name for check in CHECKS],
        help="the only ones to make",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON document")
    asked = parser.parse_args(arguments)
    if asked.kind == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here")
    source = None if asked.source is None else asked.source.read_text("utf-8")
    with contextlib.redirect_stdout(sys.stderr):  # what the user's code prints is no report
        report = examine(asked.target, source, asked.devices, asked.kind, asked.checks)
    text = json.dumps(report.to_json()) if asked.json else report.to_text()
    sys.stdout.write(f"{text}\n")
    return 0 if report.passed else 1


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(int(part) for part in text.split(","))
    if not counts or min(counts) < 1:
        raise argparse.ArgumentTypeError(f"{text} lists no numbers of ranks")
    return counts


if __name__ == "__main__":
    sys.exit(main())
