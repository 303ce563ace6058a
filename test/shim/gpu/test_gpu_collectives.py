"""How ranks are found to talk, beside all that their libraries print."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_NOISY = """
import os, sys
from jupyterlab_saturn.training.runtime import collectives_probe as probe

claim = probe.claim

def noisy(devices, rank):
    os.write(1, b"NCCL version 2.27.5+cuda12.6\\n")
    return claim(devices, rank)

probe.claim = noisy
sys.exit(probe.main(*sys.argv[1:]))
"""


def test_what_nccl_prints_is_no_part_of_the_answer(tmp_path: Path) -> None:
    devices = [{"id": f"cpu{n}", "kind": "cpu", "name": "CPU", "memoryBytes": 0} for n in range(2)]
    done = subprocess.run(
        [sys.executable, "-c", _NOISY, json.dumps(devices), str(tmp_path / "meeting")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["wrong"] == [] and set(answer["rates"]) == {"0-1"}
    assert "NCCL version" in done.stderr
