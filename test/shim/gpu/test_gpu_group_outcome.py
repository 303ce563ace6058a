"""How ranks on GPUs ended, where a library ended them or a device failed them."""

from __future__ import annotations

from typing import Any

import pytest
from jupyterlab_saturn.agent.group_outcome import GroupOutcome
from jupyterlab_saturn.agent.group_record import GroupRecord
from jupyterlab_saturn.agent.group_verdict import decide, is_secondary
from jupyterlab_saturn.errors import Json
from test_gpu_errors import BUSY, LOST, OF_A_KERNEL, OUT_OF_MEMORY, SHARED_MEMORY, WATCHDOG

ABORTED = "terminate called after throwing an instance of 'c10::DistBackendError'"


def said(kind: str, rank: int, code: str = "task-failed", message: str = "mine") -> Json:
    return {"kind": kind, "rank": rank, "error": {"code": code, "message": message}}


def judge(log: str = "", **facts: Any) -> GroupOutcome:
    return decide(GroupRecord(2, ["cuda3", "cuda5"], **facts), lambda rank: f"{log}\nof {rank}")


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        (WATCHDOG, "lost", "rank-hung"),
        (OF_A_KERNEL[0], "failed", "rank-failed"),
        (OF_A_KERNEL[1], "failed", "rank-failed"),
        (OUT_OF_MEMORY[3], "oom", "out-of-memory"),
        (f"{WATCHDOG}\n{OUT_OF_MEMORY[0]}", "oom", "out-of-memory"),
        (LOST[0], "lost", "device-lost"),
        (BUSY[0], "lost", "device-busy"),
        (SHARED_MEMORY[0], "failed", "shared-memory-full"),
        ("free(): invalid pointer", "lost", "rank-lost"),
    ],
)
def test_the_log_of_a_rank_that_was_aborted_says_why(text: str, kind: str, code: str) -> None:
    outcome = judge(f"{ABORTED}\n  what():  {text}", exits=[(1, -6), (0, -6)])
    assert (outcome.kind, outcome.error and outcome.error["code"]) == (kind, code)
    assert outcome.error is not None
    if code.startswith("device-"):
        assert outcome.error["devices"] == ["cuda5"]
    else:
        assert "devices" not in outcome.error


def test_a_library_may_end_the_process_by_a_code() -> None:
    said = "libgomp: Out of memory allocating 8388608 bytes"
    outcome = judge(said, exits=[(0, 1)])
    assert outcome.kind == "oom"
    assert outcome.error is not None
    assert outcome.error["message"] == f"Rank 0 was ended: {said}"


def test_ranks_that_waited_in_vain_show_where_all_were() -> None:
    outcome = judge(WATCHDOG, exits=[(0, -6)])
    assert outcome.error is not None
    assert "rank 0:\n" in outcome.error["traceback"]
    assert "rank 1:\n" in outcome.error["traceback"]


def test_a_kernel_that_failed_leaves_a_way_to_find_it() -> None:
    outcome = judge(OF_A_KERNEL[0], exits=[(0, -6)])
    assert outcome.error is not None
    assert "CUDA_LAUNCH_BLOCKING" in outcome.error["hint"]


@pytest.mark.parametrize("code", ["device-lost", "device-shared", "device-busy"])
def test_a_device_that_failed_is_named_and_no_task_blamed(code: str) -> None:
    failures = [said("failed", 0), said("lost", 1, code)]
    outcome = judge(failures=failures, exits=[(0, 1), (1, 1)])
    assert outcome.kind == "lost"
    assert outcome.error == {"code": code, "message": "mine", "devices": ["cuda5"]}


def test_a_device_that_is_named_stays_so() -> None:
    told = said("lost", 0, "device-lost")
    told["error"]["devices"] = ["cuda5"]
    outcome = judge(failures=[told])
    assert outcome.error is not None and outcome.error["devices"] == ["cuda5"]


def test_ranks_that_give_up_together_are_no_proof_of_too_little_memory() -> None:
    """One of them beside others' memory is enough for all to stop."""
    failures = [said("oom", 1, "out-of-memory"), said("lost", 0, "device-shared")]
    outcome = judge(failures=failures)
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "device-shared")


def test_what_nccl_says_when_another_rank_is_gone_is_an_echo() -> None:
    remote = "ncclRemoteError: A call failed possibly due to a network error or a remote process "
    assert is_secondary({"code": "x", "message": f"{remote}exiting prematurely."})
    assert is_secondary({"code": "x", "message": "NCCL communicator was aborted on rank 1."})


def test_a_rank_that_does_not_die_keeps_its_device() -> None:
    outcome = judge(undying=[1], failures=[said("failed", 0)])
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "device-lost")
    assert outcome.error is not None and outcome.error["devices"] == ["cuda5"]
    word = {"kind": "finished", "rank": 0, "step": 7}
    assert judge(undying=[1], last_word=word).kind == "finished"
