"""The table of cases in docs/bring-your-own.md; run as a script, it writes it there."""

from __future__ import annotations

import re
from pathlib import Path

from fidelity_case import Case, cases

PAGE = Path(__file__).parents[2] / "docs" / "bring-your-own.md"
_TABLE = re.compile(r"(?<=<!-- cases -->\n).*(?=<!-- end of cases -->)", re.DOTALL)


def in_page() -> str:
    """The table as the page has it."""
    found = _TABLE.search(PAGE.read_text())
    assert found is not None
    return found[0]


def table() -> str:
    """The table as it should be."""
    rows = [(case.title, *_how(case)) for case in cases()]
    lines = [f"| {' | '.join(row)} |" for row in sorted(rows, key=lambda row: (row[1], row[0]))]
    return "\n".join(["| what | how | with what |", "|---|---|---|", *lines, ""])


def _how(case: Case) -> tuple[str, str]:
    """In a word how it is trained, and the techniques that are left out or why there are none."""
    if case.get("NATIVE"):
        return "native", f"because {case.get('NATIVE')}"
    if case.get("LOOP"):
        return "native", "with --native, the same weights"
    if case.get("REFUSED"):
        return "refused", f"says: {case.get('REFUSED')}"
    left_out = [f"not {name}: {reason}" for name, reason in case.get("LEFT_OUT", {}).items()]
    if case.get("DRAWS"):
        return "same in distribution", "the forward draws, others on other numbers of devices"
    return "same on any layout" if case.get("ALIKE") else "exact", "; ".join(left_out)


def main() -> None:
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text()))


if __name__ == "__main__":
    main()
