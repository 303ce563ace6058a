"""Out of memory and failed are never mixed, and a traceback begins where the user looks."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import SessionPaths
from jupyterlab_saturn.training.runtime.failure import (
    describe,
    is_from_user,
    is_out_of_memory,
    is_peer_lost,
)
from jupyterlab_saturn.training.task.factory import build_task

CPU_TEXT = (
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory"
)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("numpy"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError(CPU_TEXT),
        RuntimeError("std::bad_alloc"),
        ImportError("libmkl_avx2.so: cannot map zero-fill pages"),
        RuntimeError("unable to mmap 32 bytes from file </torch_1>: Cannot allocate memory (12)"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    ],
)
def test_allocations_that_fail_are_out_of_memory(error: BaseException) -> None:
    wrapped = ValueError("cannot collate")
    wrapped.__cause__ = error
    assert is_out_of_memory(error)
    assert is_out_of_memory(wrapped)
    assert describe(wrapped, "training-failed")["code"] == "out-of-memory"


@pytest.mark.parametrize(
    "error",
    [
        ValueError(CPU_TEXT),  # about memory, but no allocation
        RuntimeError("the matrices do not fit"),
        OSError(errno.ENOENT, "No such file or directory"),
        EOFError("the archive ends too early"),
    ],
)
def test_other_errors_are_not(error: BaseException) -> None:
    assert not is_out_of_memory(error)
    assert describe(error, "training-failed")["code"] == "training-failed"


OF_ONE_DNN = "could not create a primitive"
OF_CUDNN = "GET was unable to find an engine to execute this computation"


def test_what_libraries_do_not_tell_the_memory_does(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without a limit oneDNN has no code for it, and a GPU with room cuDNN no engine.
    for text in (OF_ONE_DNN, OF_CUDNN):
        assert not is_out_of_memory(RuntimeError(text))
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (50, 100))
    for refused in (0, 1):
        monkeypatch.setattr(torch.cuda, "memory_stats", lambda: {"num_ooms": refused})  # noqa: B023
        assert is_out_of_memory(RuntimeError(OF_CUDNN)) == (refused == 1)


def test_whatever_a_convolution_has_no_room_for_is_out_of_memory() -> None:
    looked = subprocess.run(
        [sys.executable, str(Path(__file__).parents[1] / "fakes/tight_memory.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, str] = json.loads(looked.stdout)
    assert any(OF_ONE_DNN in text for text in said)
    assert {text: kind for text, kind in said.items() if kind != "out-of-memory"} == {}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk-full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk-full"),
        (RuntimeError("[unbound_buffer.cc:78] Timed out waiting 180000ms for recv"), "rank-hung"),
        (torch.distributed.DistStoreError("wait timeout after 5ms, keys: /worker_0"), "rank-hung"),
        (RuntimeError("DataLoader worker (pid(s) 4) exited unexpectedly"), "loader-died"),
    ],
)
def test_what_is_nobodys_mistake_has_a_code_and_a_way_out(error: Exception, code: str) -> None:
    wrapped = RuntimeError("unexpected pos 704 vs 598")
    wrapped.__context__ = error
    failure = describe(wrapped, "training-failed")
    wire.validate("Failure", failure)
    assert failure["code"] == code
    assert failure["hint"]


def test_a_lost_peer_is_told_from_an_error_of_ones_own() -> None:
    assert is_peer_lost(RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:5"))
    assert not is_peer_lost(RuntimeError("shape mismatch"))


def test_errors_that_go_in_circles_or_on_and_on_are_cut() -> None:
    error = RuntimeError("x" * 100_000)
    other = ValueError("y")
    error.__cause__, other.__cause__ = other, error
    failure = describe(error, "training-failed")
    wire.validate("Failure", failure)
    assert len(failure["message"]) < 3_000
    assert len(failure["traceback"]) <= 20_000


def test_a_traceback_shows_the_lines_of_a_cell(tmp_path: object) -> None:
    import cloudpickle

    paths = SessionPaths("test", str(tmp_path)).ensure()
    source = "@decorated\ndef cell_task(rate):\n    limit = 1\n    raise KeyError(rate - limit)\n"
    namespace: dict[str, object] = {"decorated": lambda function: function}
    exec(compile("\n\n" + source, "/nowhere/cell-1.py", "exec"), namespace)
    payload = paths.payload("0" * 32 + ".pkl")
    payload.write_bytes(cloudpickle.dumps(namespace["cell_task"]))
    payload.chmod(0o600)
    spec = {
        "sweep": "cell_task",
        "params": {"rate": 3},
        "seed": 0,
        "payload": payload.name,
        "source": source,
    }
    with pytest.raises(SaturnError) as caught:
        build_task(paths, spec)
    lines = (caught.value.traceback or "").splitlines()
    assert lines[1].strip() == 'File "/nowhere/cell-1.py", line 6, in cell_task'
    assert lines[2].strip() == "raise KeyError(rate - limit)"


def test_what_any_module_of_the_package_raises_is_not_from_the_user() -> None:
    with pytest.raises(SaturnError) as raised:
        wire.decode("agent", b"{")
    assert is_from_user(raised.value)  # by way of this function
    assert raised.tb.tb_next is not None
    assert not is_from_user(raised.value.with_traceback(raised.tb.tb_next))
