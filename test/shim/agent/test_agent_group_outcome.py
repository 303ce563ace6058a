from __future__ import annotations

from typing import Any

import pytest
from jupyterlab_saturn.agent.group_record import GroupRecord
from jupyterlab_saturn.agent.group_verdict import decide, is_secondary
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.training.rank import EXIT_UNHEARD

ECHO = "[../gloo/transport/tcp/pair.cc:538] Connection closed by peer [127.0.0.1]:40551"


def said(kind: str, rank: int, message: str) -> Json:
    return {"kind": kind, "rank": rank, "error": {"code": "task-failed", "message": message}}


def record(**facts: Any) -> GroupRecord:
    return GroupRecord(2, **facts)


def log(rank: int) -> str:
    return f"last line of rank {rank}"


@pytest.mark.parametrize(
    "message",
    [
        ECHO,
        "Connection reset by peer",
        "DistBackendError: NCCL error ... remote process exited or there was a network error",
        "Timed out waiting 60000ms for recv operation to complete",
        "torch.distributed.DistNetworkError: failed to recv, got 0 bytes",
        "Broken pipe",
    ],
)
def test_echoes_of_another_rank(message: str) -> None:
    assert is_secondary({"code": "x", "message": message})


@pytest.mark.parametrize("message", ["ValueError: no such layer", "index 3 is out of bounds"])
def test_errors_of_its_own(message: str) -> None:
    assert not is_secondary({"code": "x", "message": message})


def test_out_of_memory_of_any_rank_comes_before_all() -> None:
    outcome = decide(
        record(failures=[said("failed", 0, "ValueError"), said("oom", 1, "no memory")]), log
    )
    assert (outcome.kind, outcome.error and outcome.error["message"]) == ("oom", "no memory")


def test_the_first_error_that_is_no_echo_is_told() -> None:
    failures = [said("failed", 0, ECHO), said("failed", 1, "mine"), said("failed", 0, "later")]
    outcome = decide(record(failures=failures), log)
    assert (outcome.kind, outcome.error and outcome.error["message"]) == ("failed", "mine")


def test_a_rank_of_a_later_node_is_named_as_in_its_group() -> None:
    killed = decide(record(first=4, exits=[(1, -9)]), log).error
    assert killed is not None
    assert killed["message"].startswith("Rank 5 was killed")
    assert killed["traceback"] == log(1)
    hung = decide(record(first=4, hung=60.0), log).error
    assert hung is not None
    assert hung["traceback"].startswith(f"rank 4:\n{log(0)}")


def test_an_echo_is_told_when_nothing_else_is_known() -> None:
    outcome = decide(record(failures=[said("failed", 0, ECHO)], exits=[(0, 1)]), log)
    assert (outcome.kind, outcome.error and outcome.error["message"]) == ("failed", ECHO)


def test_a_killed_rank_is_lost_though_its_peer_complains() -> None:
    outcome = decide(record(failures=[said("failed", 0, ECHO)], exits=[(1, -9), (0, 1)]), log)
    assert outcome.kind == "lost"
    assert outcome.error is not None
    assert outcome.error["message"] == (
        "Rank 1 was killed by signal 9 (SIGKILL); the system's out-of-memory killer does this."
    )


def test_a_rank_the_system_killed_for_memory_is_told_so() -> None:
    killed = record(exits=[(1, -9), (0, 3)], memory_kills=1)
    outcome = decide(killed, log)
    assert outcome.kind == "lost"
    assert outcome.error is not None
    assert outcome.error["code"] == "host-out-of-memory"
    assert outcome.error["message"].startswith("Rank 1 was killed by the system for memory")
    assert "smaller" in outcome.error["hint"]
    assert outcome.error["traceback"] == "last line of rank 1"


def test_a_crash_beside_anothers_lack_of_memory_is_a_crash() -> None:
    outcome = decide(record(exits=[(1, -11)], memory_kills=1), log)
    assert outcome.error is not None
    assert outcome.error["message"] == "Rank 1 was killed by signal 11 (SIGSEGV)."


@pytest.mark.parametrize(("kills", "code"), [(0, "loader-died"), (2, "host-out-of-memory")])
def test_a_process_that_loads_data_may_be_lost_to_memory(kills: int, code: str) -> None:
    told = said("lost", 0, "A process that loads data is gone.")
    told["error"]["code"] = "loader-died"
    outcome = decide(record(failures=[told], exits=[(0, 1)], memory_kills=kills), log)
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", code)


def test_an_error_comes_before_a_loss() -> None:
    failures = [said("lost", 0, "waited in vain"), said("failed", 1, "mine")]
    outcome = decide(record(failures=failures), log)
    assert (outcome.kind, outcome.error and outcome.error["message"]) == ("failed", "mine")


def test_the_first_to_go_without_a_word_is_named() -> None:
    outcome = decide(record(exits=[(1, -11), (0, -6)]), log)
    assert outcome.kind == "lost"
    assert outcome.error is not None
    assert outcome.error["message"] == "Rank 1 was killed by signal 11 (SIGSEGV)."
    assert outcome.error["traceback"] == "last line of rank 1"


def test_a_rank_that_lost_its_peer_is_not_the_reason() -> None:
    outcome = decide(record(exits=[(0, 3), (1, -9)]), log)
    assert outcome.error is not None
    assert outcome.error["message"].startswith("Rank 1 was killed by signal 9")
    outcome = decide(record(exits=[(0, 3), (1, 3)]), log)
    assert outcome.kind == "lost"
    assert outcome.error is not None and "connection to each other" in outcome.error["message"]


def test_a_code_without_a_word_has_failed_with_its_log() -> None:
    outcome = decide(record(exits=[(1, 7), (0, -6)]), log)
    assert outcome.kind == "failed"
    assert outcome.error is not None
    assert "code 7" in outcome.error["message"]
    assert outcome.error["traceback"] == "last line of rank 1"


@pytest.mark.parametrize(
    ("kind", "expected"), [("finished", "finished"), ("trial", "finished"), ("stopped", "stopped")]
)
def test_the_last_word_counts_whatever_happens_after(kind: str, expected: str) -> None:
    word = {"kind": kind, "rank": 0, "step": 7}
    outcome = decide(
        record(last_word=word, exits=[(1, -11)], failures=[said("failed", 1, ECHO)], expired=5.0),
        log,
    )
    assert (outcome.kind, outcome.step, outcome.word) == (expected, 7, word)


def test_stopped_by_force_keeps_the_last_checkpoint() -> None:
    outcome = decide(record(stopping=True, safe_step=40, exits=[(0, -15), (1, -15)]), log)
    assert (outcome.kind, outcome.step) == ("stopped", 40)


def test_stopping_does_not_hide_an_error() -> None:
    outcome = decide(record(stopping=True, failures=[said("failed", 0, "disk full")]), log)
    assert outcome.kind == "failed"


def test_a_timeout_shows_all_stacks() -> None:
    outcome = decide(record(expired=1.5, exits=[(0, -10)]), log)
    assert outcome.error is not None
    assert outcome.error["code"] == "trial-timeout"
    assert "1.5 seconds" in outcome.error["message"]
    assert "rank 0:\nlast line of rank 0" in outcome.error["traceback"]
    assert "rank 1:\nlast line of rank 1" in outcome.error["traceback"]


def test_silence_is_in_order_only_where_it_is_allowed() -> None:
    exits = [(0, 0), (1, 0)]
    assert decide(record(exits=exits), log).kind == "failed"
    assert decide(record(exits=exits), log, may_be_silent=True).kind == "finished"
    assert decide(record(exits=[(0, 2)]), log, may_be_silent=True).kind == "failed"


def test_a_tasks_own_exit_looks_like_no_loss_of_sockets() -> None:
    outcome = decide(record(exits=[(0, EXIT_UNHEARD)]), log)
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("failed", "rank-failed")
    outcome = decide(record(exits=[(0, EXIT_UNHEARD)], lost_sockets=True), log)
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "sockets-lost")


def test_ranks_that_end_with_the_zygote_are_lost_by_no_fault_of_their_task() -> None:
    outcome = decide(record(exits=[(0, -9), (1, -9)], orphaned=True), log)
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "zygote-lost")
    hungry = decide(record(exits=[(0, -9)], orphaned=True, memory_kills=1), log)
    assert hungry.error
    assert hungry.error["code"] == "host-out-of-memory"
