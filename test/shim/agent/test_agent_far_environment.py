"""What an agent inherits of the software that starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from jupyterlab_saturn.agent.far_environment import (
    far_environment,
    parents_environment,
)

RAYS = {
    "RAY_JOB_ID": "ffffffff",
    "RAY_RAYLET_PID": "1",
    "RAY_AUTH_TOKEN": "secret",
    "RAY_LD_PRELOAD_ON_WORKERS": "0",
    "SPT_NOENV": "1",
    "PYTHONBREAKPOINT": "ray.util.rpdb.set_trace",
    "LD_PRELOAD": "/opt/ray/libjemalloc.so",
}
USERS = {
    "HOME": "/home/me",
    "PATH": "/opt/python/bin:/bin",
    "LC_ALL": "C.UTF-8",
    "LD_LIBRARY_PATH": "/opt/cuda/lib64",
    "XDG_STATE_HOME": "/local/state",
    "HF_TOKEN": "hf_x",
    "SATURN_NETWORK": "host",
    "https_proxy": "http://proxy:3128",
    "NCCL_DEBUG": "INFO",
}

TWO_GPUS = {"CUDA_VISIBLE_DEVICES": "0,2"}


def test_it_has_what_is_the_users_and_nothing_of_rays() -> None:
    assert far_environment({**USERS, **RAYS, "WHATEVER": "1"}) == USERS


@pytest.mark.parametrize(
    ("worker", "started", "kept"),
    [
        # One thread, and no GPUs for who has asked for none.
        ({"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, {}, {}),
        ({"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, None, {}),
        # A user's own words on them hold, those of an empty list too.
        ({"CUDA_VISIBLE_DEVICES": ""}, TWO_GPUS, TWO_GPUS),
        ({}, {"CUDA_VISIBLE_DEVICES": ""}, {"CUDA_VISIBLE_DEVICES": ""}),
        ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "8"}, {"OMP_NUM_THREADS": "8"}),
        # Nothing else of there counts.
        ({"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "8", "HOME": "/"}, {"OMP_NUM_THREADS": "8"}),
    ],
)  # fmt: skip
def test_what_ray_sets_for_its_workers_is_as_ray_was_started(
    worker: dict[str, str], started: dict[str, str] | None, kept: dict[str, str]
) -> None:
    assert far_environment(worker, started) == kept


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/home/me/lib", "/home/me/lib"),
        ("/env/lib/python3.11/site-packages/ray/thirdparty_files:/home/me/lib", "/home/me/lib"),
        ("/tmp/ray/session_1/runtime_resources/working_dir_files/_ray_pkg", None),
        ("/home/me/ray/project", "/home/me/ray/project"),
        ("", None),
    ],
)
def test_modules_of_ray_are_not_found(path: str, kept: str | None) -> None:
    assert far_environment({"PYTHONPATH": path}).get("PYTHONPATH") == kept


def test_a_process_knows_what_its_parent_was_started_with() -> None:
    inner = (
        "import json; from jupyterlab_saturn.agent.far_environment import parents_environment;"
        "print(json.dumps(parents_environment()))"
    )
    program = (
        "import os, subprocess, sys; os.environ['MADE_LATER'] = '1';"
        f"subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    )
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": ":".join(sys.path), "OF_START": "a=b"},
        capture_output=True,
        check=True,
        text=True,
    )
    known = json.loads(told.stdout)
    assert known["OF_START"] == "a=b"
    assert "MADE_LATER" not in known
    assert parents_environment() is not None


@pytest.mark.skipif(os.getuid() != 0, reason="only root may be less nice than it was")
def test_what_is_started_is_as_nice_as_the_parent_and_no_nicer() -> None:
    program = (
        "import os, subprocess, sys;"
        "from jupyterlab_saturn.agent.far_environment import restore_niceness;"
        "os.nice(int(sys.argv[1]));"
        "child = subprocess.Popen(['sleep', '60']);"
        "restore_niceness(child.pid);"
        "print(os.getpriority(os.PRIO_PROCESS, child.pid));"
        "child.kill(); child.wait(); restore_niceness(child.pid)"
    )
    for more in ("3", "0"):
        told = subprocess.run(
            [sys.executable, "-c", program, more],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        assert int(told.stdout) == os.getpriority(os.PRIO_PROCESS, 0)
