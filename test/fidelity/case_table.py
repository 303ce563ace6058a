"""The table of cases in docs/bring-your-own.md; run as a script, it writes it there."""

from __future__ import annotations

import re
from pathlib import Path

from case_inspection import ALL, inspected
from fidelity_case import MOST_DEVICES, Case

PAGE = Path(__file__).parents[2] / "docs" / "bring-your-own.md"
_TABLE = re.compile(r"(?<=<!-- cases -->\n).*(?=<!-- end of cases -->)", re.DOTALL)


def in_page() -> str:
    """The table as the page has it."""
    found = _TABLE.search(PAGE.read_text())
    assert found is not None
    return found[0]


def table() -> str:
    """The table as it should be."""
    rows = [(case.title, *_how(case)) for case in ALL.values()]
    lines = [f"| {' | '.join(row)} |" for row in sorted(rows, key=lambda row: (row[1], row[0]))]
    return "\n".join(["| what | how | techniques |", "|---|---|---|", *lines, ""])


def _how(case: Case) -> tuple[str, str]:
    """In a word how it is trained, and by which techniques or why not."""
    if case.get("NATIVE"):
        return "native", f"native: {case.get('NATIVE')}"
    if case.get("REFUSED"):
        return "refused", f"none: {case.get('REFUSED')}"
    _, inspection, error = inspected(case.name)
    assert error is None, error
    offered = {
        each["strategy"]["technique"]: None
        for each in inspection["feasibility"]
        if each["feasible"] and each["strategy"]["devices"] <= MOST_DEVICES
    }
    return "same on any layout" if case.get("ALIKE") else "exact", ", ".join(offered)


def main() -> None:
    text = _TABLE.sub(lambda _: table(), PAGE.read_text())
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
