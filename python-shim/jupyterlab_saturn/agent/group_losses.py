"""What is said of ranks that ended without saying why, or of more than one of them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..cuda_errors import DEVICE_FAULTS, HINTS, CudaFault, fault_of, line_of
from .group_outcome import HUNG, SOCKETS_LOST, GroupOutcome
from .group_record import GroupRecord

if TYPE_CHECKING:
    from ..generated.wire_types import Failure


def stacks_of(record: GroupRecord, log: Callable[[int], str]) -> str:
    """The logs of all ranks: when told to, they write into them where they are."""
    logs = (f"rank {record.number(rank)}:\n{log(rank)}" for rank in range(record.ranks))
    return "\n\n".join(logs)[-60_000:]


def undying(record: GroupRecord, log: Callable[[int], str]) -> Failure:
    """What is said of ranks of which a process does not die."""
    ranks = ", ".join(str(record.number(rank)) for rank in record.undying)
    failure: Failure = {
        "code": "device-lost",
        "message": f"A process of rank {ranks} does not die: it waits for the driver of its GPU.",
        "hint": HINTS["device-lost"],
        "devices": [record.devices[rank] for rank in record.undying],
    }
    return with_log(failure, log(record.undying[0]))


def told_lost(failure: Failure, record: GroupRecord, log: Callable[[int], str]) -> GroupOutcome:
    """The outcome of a group one of whose ranks told of a loss that is not the task's fault."""
    if failure["code"] == HUNG:
        failure = {**failure, "traceback": stacks_of(record, log)}
    elif record.memory_kills > 0:
        failure = {**failure, **_killed_for_memory("A process that loads data")}
    return GroupOutcome("lost", error=failure)


def without_sockets(said: Failure | None) -> Failure:
    """What is said of ranks whose sockets were removed.

    Parameters
    ----------
    said
        How they failed, if they said so.
    """
    failure: Failure = {
        "code": SOCKETS_LOST,
        "message": "The folder of sockets was removed, in which the ranks and the agent meet.",
    }
    text = "" if said is None else said.get("traceback", said["message"])
    return with_log(failure, text)


def _killed_for_memory(who: str) -> Failure:
    return {
        "code": "host-out-of-memory",
        "message": f"{who} was killed by the system for memory: this machine, or the limit of "
        "its container, had none left.",
        "hint": "Give each device less memory (%saturn cluster --cpu 2 --memory 4GB), make the "
        "batch smaller, or close other programs.",
    }


def silent_end(
    rank: int, code: int, record: GroupRecord, log: Callable[[int], str]
) -> GroupOutcome:
    """The outcome of a rank that left without a word.

    Parameters
    ----------
    code
        Its exit code (negative: signal), not 0.
    log
        End of a rank's log.
    """
    # NCCL's watchdog, and errors that C++ does not catch, abort the process.
    fault = fault_of(log(rank)) if code > 0 or -code == signal.SIGABRT else None
    if fault is not None:
        return _end_by_fault(rank, fault, record, log)
    if code > 0:
        return GroupOutcome(
            "failed",
            error=with_log(
                {
                    "code": "rank-failed",
                    "message": f"Rank {record.number(rank)} ended with code {code} and said no "
                    "reason.",
                },
                log(rank),
            ),
        )
    if -code == signal.SIGKILL and record.memory_kills > 0:
        failure = _killed_for_memory(f"Rank {record.number(rank)}")
        return GroupOutcome("lost", error=with_log(failure, log(rank)))
    message = f"Rank {record.number(rank)} was killed by signal {-code} ({_signal_name(-code)})"
    failure = {"code": "rank-lost", "message": f"{message}."}
    if -code == signal.SIGKILL:
        failure["message"] = f"{message}; the system's out-of-memory killer does this."
        failure["hint"] = "Look for it in the system's log, and give the task more memory."
    return GroupOutcome("lost", error=with_log(failure, log(rank)))


def _end_by_fault(
    rank: int, fault: CudaFault, record: GroupRecord, log: Callable[[int], str]
) -> GroupOutcome:
    """The outcome of a rank that a library ended: its log says why."""
    if fault == HUNG:
        message = f"Rank {record.number(rank)} waited for another in vain, so it was ended."
        hung: Failure = {"code": HUNG, "message": message, "hint": HINTS[fault]}
        return GroupOutcome("lost", error={**hung, "traceback": stacks_of(record, log)})
    code = "rank-failed" if fault == "kernel-failed" else fault
    failure: Failure = {
        "code": code,
        "message": f"Rank {record.number(rank)} was ended: {line_of(log(rank), fault)}",
        "hint": HINTS[fault],
        "traceback": log(rank),
    }
    if fault == "out-of-memory":
        return GroupOutcome("oom", error=failure)
    if fault in DEVICE_FAULTS:
        return GroupOutcome("lost", error=record.with_device(failure, rank))
    return GroupOutcome("failed", error=failure)


def with_log(failure: Failure, log: str) -> Failure:
    """A failure with the end of a log, unless that is empty."""
    return {**failure, "traceback": log} if log else failure


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
