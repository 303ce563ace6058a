"""Notes of what a tracker was told of runs: for the next exporter, and for none else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict, cast

from ..whole_files import remove_leftovers, write_json
from .tracker import Outcome


class _SweepNote(TypedDict, total=False):
    sweep: str | None


class Note(_SweepNote):
    """Of a run: how far its log was read (`position`, bytes of the file of that `inode`), the
    highest steps told, the segment that no point was told with yet, how it was said to end, and the
    key of its sweep, which earlier versions did not note.
    """

    task: str
    folder: str
    position: int
    inode: int
    steps: int
    evals: int
    begins: list[int | str] | None
    outcome: Outcome


class ToldNotes:
    """A file a run, in a folder of the tracker's.

    Parameters
    ----------
    folder
        There already.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        remove_leftovers(folder)
        self._notes = {path.stem: _read(path) for path in folder.glob("*.json")}

    def of(self, key: str) -> Note | None:
        """The note on a run, if there is one."""
        return self._notes.get(key)

    @property
    def all(self) -> dict[str, Note]:
        """By key; what cannot be read is left out."""
        return {key: note for key, note in self._notes.items() if note is not None}

    def folder_for(self, task: str) -> str:
        """A name for a new run of a task that no other run has."""
        taken = {note["folder"] for note in self.all.values()}
        number, name = 1, task
        while name in taken:
            number += 1
            name = f"{task}-{number}"
        return name

    def write(self, key: str, note: Note) -> None:
        """Note it. Raises OSError; then what was noted before still is."""
        write_json(self._folder / f"{key}.json", note)
        self._notes[key] = note


def _read(path: Path) -> Note | None:
    try:
        note = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return (
        cast(Note, note)
        if isinstance(note, dict) and Note.__required_keys__ <= note.keys()
        else None
    )
