"""Ends of logs, and logs that stay short."""

from __future__ import annotations

from pathlib import Path

from jupyterlab_saturn.agent.log_tail import shorten, tail


def test_logs_stay_short(tmp_path: Path) -> None:
    log = tmp_path / "rank0.log"
    with log.open("ab", buffering=0) as file:
        for number in range(10_000):
            file.write(b"%d\n" % number)
            if number % 100 == 0:
                shorten(log, 4000)
    text = log.read_text()
    assert len(text) < 5000
    assert text.startswith("0\n1\n2\n") and text.endswith("9998\n9999\n")
    assert "bytes are left out here" in text


def test_of_what_was_written_over_the_end_shows_the_last(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"begin\r\n\r 10%|#   |\r100%|####|\n\x1b[32mdone\x1b[0m\x1b[A\r\n")
    assert tail(log) == "begin\n100%|####|\ndone"
    assert tail(tmp_path / "none") == ""


def test_the_end_of_a_log_begins_with_a_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\nthe second line\nthird")
    assert tail(log, 20) == "third"
