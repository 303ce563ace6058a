"""A journal that is damaged on disk while ranks train."""

from __future__ import annotations

import json

import pytest
from jupyterlab_saturn import Session
from jupyterlab_saturn.errors import Json
from nightly import nightly
from test_story import home, lines, named, session, statuses
from waiting import SECONDS, until

__all__ = ["home", "session"]  # fixtures

ALONE = ["ddp", "fsdp", "offload", "pipeline", "tensor"]
SHORT, LONG = 20, 200


def tasks(session: Session) -> tuple[Json, Json]:
    short, long = session.state["tasks"]
    return short, long


def damage(session: Session, kind: str) -> None:
    """Flip a bit of the first record of some event."""
    path = session.paths.journal
    records = path.read_bytes().splitlines(keepends=True)
    events = [json.loads(record)["event"] for record in records]
    place = next(i for i, e in enumerate(events) if kind in (e["kind"], e.get("event", e)["kind"]))
    record = bytearray(records[place])
    record[len(record) // 2] ^= 4
    path.write_bytes(b"".join([*records[:place], bytes(record), *records[place + 1 :]]))


def begun_since(session: Session) -> dict[str, list[int]]:
    """From which steps each task was trained since a part of the history was lost."""
    text = session.paths.journal.read_text("utf-8")
    events = [json.loads(line)["event"] for line in text.splitlines()]
    [lost] = [i for i, event in enumerate(events) if event["kind"] == "history-lost"]
    told = [event["event"] for event in events[lost:] if event["kind"] == "group"]
    return {
        task["spec"]["name"]: [
            each["step"]
            for each in told
            if (each["task"], each["kind"]) == (task["spec"]["name"], "started")
        ]
        for task in session.state["tasks"]
    }


@pytest.mark.parametrize(
    "forgotten",
    [
        "finished",
        pytest.param("started", marks=nightly),
        pytest.param("plan-made", marks=nightly),
        pytest.param("run-requested", marks=nightly),
        pytest.param("inspected", marks=nightly),
    ],
)
def test_what_was_trained_is_not_trained_again(session: Session, forgotten: str) -> None:
    session.cluster(cpu=2)
    session.add(lines, {"steps": [SHORT, LONG], "pause": 0.03})
    session.run(exclude=ALONE)
    until(
        lambda: (
            statuses(session.state)[tasks(session)[0]["spec"]["name"]] == "finished"
            and tasks(session)[1]["progress"]["step"] > 2
            and tasks(session)[1]["status"] == "running"
        )
    )
    damage(session, forgotten)
    [engine] = named("engine.mjs", session)
    engine.kill()
    engine.wait(SECONDS)
    until(lambda: [n for n in session.state["notices"] if n["code"] == "journal-damaged"])
    kept = session.paths.folder / "history"
    assert [path.name for path in kept.glob("damaged-*/*")] == ["journal.jsonl"]
    until(lambda: session.state["agent"] == "connected")
    if session.state["goal"] != "run":
        session.run(exclude=ALONE)
    session.wait()
    assert set(statuses(session.state).values()) == {"finished"}
    begun = begun_since(session)
    assert set(begun[tasks(session)[0]["spec"]["name"]]) <= {SHORT}
    assert all(step > 2 for step in begun[tasks(session)[1]["spec"]["name"]])
