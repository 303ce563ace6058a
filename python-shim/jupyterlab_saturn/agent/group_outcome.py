"""How a rank group ended, judged once from everything its ranks said and did."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ..cuda_errors import DEVICE_FAULTS, HINTS, CudaFault, fault_of, line_of
from ..errors import SaturnError
from ..training.rank import EXIT_PEER_LOST
from ..wire import validate

if TYPE_CHECKING:
    from ..generated.wire_types import Failure
    from ..training.runtime.event_sender import (
        CellEvent,
        FailureEvent,
        FinishedEvent,
        ProgressEvent,
    )

    LastWord = FinishedEvent | ProgressEvent | CellEvent

Kind = Literal["finished", "stopped", "failed", "oom", "lost"]

HUNG = "rank-hung"
"""Code of the failure of ranks that wait for each other in vain."""

ZYGOTE_LOST = "zygote-lost"
SOCKETS_LOST = "sockets-lost"
"""Codes of losses that are no fault of the ranks or their task: of what the agent gave them."""

# What a rank says when it fails only because a peer did: gloo, TCPStore, NCCL, torch's own words.
_SECONDARY = re.compile(
    r"connection (was )?(closed|reset|refused|aborted)|closed by peer|reset by peer|broken pipe"
    r"|socket timeout|timed out waiting|timed out after|wait timeout|watchdog"
    r"|remote process exit|ncclRemoteError|communicator was aborted"
    r"|DistNetworkError|DistStoreError"
    r"|failed to recv|gloo.*(timeout|read error|write error)|another rank",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class GroupOutcome:
    """The one end of a rank group."""

    kind: Kind
    step: int | None = None
    """Completed steps, or those of the last checkpoint when stopped by force."""
    error: Failure | None = None
    word: LastWord | None = None
    """The rank's last event of a finished job: its result or cell."""


@dataclass
class GroupRecord:
    """What is known of a group's ranks."""

    ranks: int
    devices: Sequence[str] = ()
    """Ids of the ranks' devices, in their order."""
    first: int = 0
    """What the first of them is in its group, which may have others on other nodes."""
    failures: list[FailureEvent] = field(default_factory=list)
    """Events ``failed``, ``oom`` and ``lost``, in the order they came."""
    exits: list[tuple[int, int]] = field(default_factory=list)
    """Rank and exit code (negative: signal) of ranks that left before they were killed."""
    last_word: LastWord | None = None
    """The event ``finished``, ``stopped`` or ``trial``."""
    members_over: bool = False
    """Whether of a run of several tasks each has had its last word, so that none is left to say
    how it has ended."""
    safe_step: int | None = None
    """Steps held by the newest committed checkpoint."""
    stopping: bool = False
    expired: float | None = None
    """The deadline in seconds, once it has passed."""
    hung: float | None = None
    """For how many seconds no step was made, once that was too long."""
    began: bool = False
    """Whether the first step could begin."""
    refused: Failure | None = None
    """Why the ranks could not be started."""
    orphaned: bool = False
    """Whether ranks ended with the zygote that they were forked from."""
    lost_sockets: bool = False
    """Whether the folder was removed in which processes meet, or the socket of the agent there."""
    memory_kills: int = 0
    """Processes that the system's out-of-memory killer ended meanwhile, of this group or another
    job beside it."""
    undying: list[int] = field(default_factory=list)
    """Ranks of which a process does not die, though it was killed."""

    def number(self, rank: int) -> int:
        """What one of these ranks is in its group."""
        return self.first + rank

    def with_device(self, failure: Failure, rank: int) -> Failure:
        """A failure that is the fault of a rank's device, unless it names one."""
        if "devices" in failure or rank >= len(self.devices):
            return failure
        return {**failure, "devices": [self.devices[rank]]}


def failure_of(event: FailureEvent, first: int = 0) -> Failure:
    """What a rank says of its failure; of anything else a sentence.

    Parameters
    ----------
    first
        See `GroupRecord`.
    """
    error: Any = event.get("error")
    try:
        validate("Failure", error)
        failure: Failure = error
        return failure
    except SaturnError:
        message = f"Rank {first + event['rank']} failed: {str(error)[:2000]}"
        return {"code": "rank-failed", "message": message}


def is_secondary(error: Failure) -> bool:
    """Whether a failure only echoes the end of another rank."""
    text = f"{error['message']}\n{error.get('traceback', '')[-2000:]}"
    return _SECONDARY.search(text) is not None


def is_of_device(failure: Failure | None) -> bool:
    """Whether a failure is a device's, and no task's."""
    return failure is not None and failure["code"] in DEVICE_FAULTS


def is_agents_loss(failure: Failure | None) -> bool:
    """Whether ranks were lost with something that the agent gave them, so that it is repeated."""
    return failure is not None and failure["code"] in (ZYGOTE_LOST, SOCKETS_LOST)


def decide(
    record: GroupRecord, log: Callable[[int], str], *, may_be_silent: bool = False
) -> GroupOutcome:
    """The outcome of a group all of whose ranks are gone.

    Parameters
    ----------
    log
        End of a rank's log.
    may_be_silent
        Whether leaving with code 0 and without a last word is in order.
    """
    outcome = _judge(record, log, may_be_silent)
    error = outcome.error
    is_told = is_of_device(error) or is_agents_loss(error)
    if record.lost_sockets and outcome.kind in ("failed", "lost") and not is_told:
        # They may have missed what was in there.
        return GroupOutcome("lost", error=_without_sockets(error))
    return outcome


def _judge(record: GroupRecord, log: Callable[[int], str], may_be_silent: bool) -> GroupOutcome:
    if record.members_over:
        return GroupOutcome("finished")
    errors = [event["error"] for event in record.failures if event["kind"] != "lost"]
    if record.undying and record.last_word is None:
        return GroupOutcome("lost", error=_undying(record, log))
    for event in record.failures:
        if is_of_device(event["error"]):
            error = record.with_device(event["error"], event["rank"])
            return GroupOutcome("lost", error=error)
    for event in record.failures:
        if event["kind"] == "oom":
            return GroupOutcome("oom", error=event["error"])
    for error in errors:
        if not is_secondary(error):
            return GroupOutcome("failed", error=error)
    word = record.last_word
    if word is not None:
        kind: Kind = "stopped" if word["kind"] == "stopped" else "finished"
        step = word.get("step")
        return GroupOutcome(kind, step=step if isinstance(step, int) else None, word=word)
    if record.refused is not None:
        return GroupOutcome("failed", error=record.refused)
    if record.stopping:
        return GroupOutcome("stopped", step=record.safe_step)
    if record.expired is not None:
        return GroupOutcome(
            "failed",
            error={
                "code": "trial-timeout",
                "message": f"The trial took longer than {record.expired:g} seconds.",
                "traceback": _stacks(record, log),
            },
        )
    if record.hung is not None:
        what = "No step was made for" if record.began else "The first step did not begin within"
        message = f"{what} {record.hung:g} seconds, so it was ended."
        failure: Failure = {"code": HUNG, "message": message, "traceback": _stacks(record, log)}
        return GroupOutcome("lost", error=failure)
    if record.lost_sockets and not record.exits:
        return GroupOutcome("lost", error=_without_sockets(None))
    for event in record.failures:
        if event["kind"] == "lost":
            return _told_lost(event["error"], record, log)
    if record.orphaned and record.memory_kills == 0:
        message = "The process that ranks are forked from ended, and they with it."
        return GroupOutcome("lost", error={"code": ZYGOTE_LOST, "message": message})
    spoke = {event["rank"] for event in record.failures}
    silent = [(rank, code) for rank, code in record.exits if code != 0 and rank not in spoke]
    for rank, code in silent:
        if code != EXIT_PEER_LOST:
            return _silent_end(rank, code, record, log)
    if errors:
        return GroupOutcome("failed", error=errors[0])
    if silent:
        message = "The ranks lost the connection to each other."
        lost: Failure = {"code": "rank-lost", "message": message}
        return GroupOutcome("lost", error=_with_log(lost, log(silent[0][0])))
    if may_be_silent:
        return GroupOutcome("finished")
    return GroupOutcome(
        "failed",
        error=_with_log(
            {
                "code": "no-result",
                "message": "The ranks left without a result, as if the code had called exit.",
                "hint": "Look for exit() in the factory or the model.",
            },
            log(0),
        ),
    )


def _stacks(record: GroupRecord, log: Callable[[int], str]) -> str:
    """The logs of all ranks: when told to, they write into them where they are."""
    logs = (f"rank {record.number(rank)}:\n{log(rank)}" for rank in range(record.ranks))
    return "\n\n".join(logs)[-60_000:]


def _undying(record: GroupRecord, log: Callable[[int], str]) -> Failure:
    ranks = ", ".join(str(record.number(rank)) for rank in record.undying)
    failure: Failure = {
        "code": "device-lost",
        "message": f"A process of rank {ranks} does not die: it waits for the driver of its GPU.",
        "hint": HINTS["device-lost"],
        "devices": [record.devices[rank] for rank in record.undying],
    }
    return _with_log(failure, log(record.undying[0]))


def _told_lost(failure: Failure, record: GroupRecord, log: Callable[[int], str]) -> GroupOutcome:
    """The outcome of a group one of whose ranks told of a loss that is not the task's fault."""
    if failure["code"] == HUNG:
        failure = {**failure, "traceback": _stacks(record, log)}
    elif record.memory_kills > 0:
        failure = {**failure, **_killed_for_memory("A process that loads data")}
    return GroupOutcome("lost", error=failure)


def _without_sockets(said: Failure | None) -> Failure:
    failure: Failure = {
        "code": SOCKETS_LOST,
        "message": "The folder of sockets was removed, in which the ranks and the agent meet.",
    }
    text = "" if said is None else said.get("traceback", said["message"])
    return _with_log(failure, text)


def _killed_for_memory(who: str) -> Failure:
    return {
        "code": "host-out-of-memory",
        "message": f"{who} was killed by the system for memory: this machine, or the limit of "
        "its container, had none left.",
        "hint": "Give each device less memory (%saturn cluster --cpu 2 --memory 4GB), make the "
        "batch smaller, or close other programs.",
    }


def _silent_end(
    rank: int, code: int, record: GroupRecord, log: Callable[[int], str]
) -> GroupOutcome:
    # NCCL's watchdog, and errors that C++ does not catch, abort the process.
    fault = fault_of(log(rank)) if code > 0 or -code == signal.SIGABRT else None
    if fault is not None:
        return _end_by_fault(rank, fault, record, log)
    if code > 0:
        return GroupOutcome(
            "failed",
            error=_with_log(
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
        return GroupOutcome("lost", error=_with_log(failure, log(rank)))
    message = f"Rank {record.number(rank)} was killed by signal {-code} ({_signal_name(-code)})"
    failure = {"code": "rank-lost", "message": f"{message}."}
    if -code == signal.SIGKILL:
        failure["message"] = f"{message}; the system's out-of-memory killer does this."
        failure["hint"] = "Look for it in the system's log, and give the task more memory."
    return GroupOutcome("lost", error=_with_log(failure, log(rank)))


def _end_by_fault(
    rank: int, fault: CudaFault, record: GroupRecord, log: Callable[[int], str]
) -> GroupOutcome:
    """The outcome of a rank that a library ended: its log says why."""
    if fault == HUNG:
        message = f"Rank {record.number(rank)} waited for another in vain, so it was ended."
        hung: Failure = {"code": HUNG, "message": message, "hint": HINTS[fault]}
        return GroupOutcome("lost", error={**hung, "traceback": _stacks(record, log)})
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


def _with_log(failure: Failure, log: str) -> Failure:
    return {**failure, "traceback": log} if log else failure


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
