"""An exporter whose session is a file: ``python exporter_main.py FOLDER TRACKER STATE``.

It says a letter when it has told all there was, and ends when all is over and told.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from pathlib import Path

from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.trackers import exporter
from jupyterlab_saturn.trackers.exporter import Exporter
from jupyterlab_saturn.trackers.making import make_tracker

logging.basicConfig(level=logging.INFO)
PAGE = "<!doctype html>"
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
exporter._QUIET_SECONDS = 0.0  # type: ignore[attr-defined]
exporter._FIRST_PAUSE = 0.1  # type: ignore[attr-defined]
folder, wish, state_file = sys.argv[1:]


def report(told: object) -> None:
    print(json.dumps(told), file=out, flush=True)


exporting = Exporter(
    SessionPaths.of_folder(folder), json.loads(wish), make_tracker, report, lambda: PAGE
)
while True:
    state = json.loads(Path(state_file).read_text())
    if not exporting.look(state):
        if exporting.is_done(state):
            break
        time.sleep(0.02)
