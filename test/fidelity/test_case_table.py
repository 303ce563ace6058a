"""The page that says what people can bring has the cases that are tried."""

from __future__ import annotations

from case_table import in_page, table


def test_the_page_has_all_cases() -> None:
    assert in_page() == table(), "write it anew: see CONTRIBUTING.md"
