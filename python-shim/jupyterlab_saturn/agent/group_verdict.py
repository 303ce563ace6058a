"""How a rank group ended, judged once from everything its ranks said and did."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..training.rank import EXIT_PEER_LOST
from .group_losses import silent_end, stacks_of, told_lost, undying, with_log, without_sockets
from .group_outcome import HUNG, ZYGOTE_LOST, GroupOutcome, Kind, is_agents_loss, is_of_device
from .group_record import GroupRecord

if TYPE_CHECKING:
    from ..generated.wire_types import Failure

# What a rank says when it fails only because a peer did: gloo, TCPStore, NCCL, torch's own words.
_SECONDARY = re.compile(
    r"connection (was )?(closed|reset|refused|aborted)|closed by peer|reset by peer|broken pipe"
    r"|socket timeout|timed out waiting|timed out after|wait timeout|watchdog"
    r"|remote process exit|ncclRemoteError|communicator was aborted"
    r"|DistNetworkError|DistStoreError"
    r"|failed to recv|gloo.*(timeout|read error|write error)|another rank",
    re.IGNORECASE | re.DOTALL,
)


def is_secondary(error: Failure) -> bool:
    """Whether a failure only echoes the end of another rank."""
    text = f"{error['message']}\n{error.get('traceback', '')[-2000:]}"
    return _SECONDARY.search(text) is not None


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
        return GroupOutcome("lost", error=without_sockets(error))
    return outcome


def _judge(record: GroupRecord, log: Callable[[int], str], may_be_silent: bool) -> GroupOutcome:
    if record.members_over:
        return GroupOutcome("finished")
    errors = [event["error"] for event in record.failures if event["kind"] != "lost"]
    if record.undying and record.last_word is None:
        return GroupOutcome("lost", error=undying(record, log))
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
                "traceback": stacks_of(record, log),
            },
        )
    if record.hung is not None:
        what = "No step was made for" if record.began else "The first step did not begin within"
        message = f"{what} {record.hung:g} seconds, so it was ended."
        failure: Failure = {"code": HUNG, "message": message, "traceback": stacks_of(record, log)}
        return GroupOutcome("lost", error=failure)
    if record.lost_sockets and not record.exits:
        return GroupOutcome("lost", error=without_sockets(None))
    for event in record.failures:
        if event["kind"] == "lost":
            return told_lost(event["error"], record, log)
    if record.orphaned and record.memory_kills == 0:
        message = "The process that ranks are forked from ended, and they with it."
        return GroupOutcome("lost", error={"code": ZYGOTE_LOST, "message": message})
    spoke = {event["rank"] for event in record.failures}
    silent = [(rank, code) for rank, code in record.exits if code != 0 and rank not in spoke]
    for rank, code in silent:
        if code != EXIT_PEER_LOST:
            return silent_end(rank, code, record, log)
    if errors:
        return GroupOutcome("failed", error=errors[0])
    if silent:
        message = "The ranks lost the connection to each other."
        lost: Failure = {"code": "rank-lost", "message": message}
        return GroupOutcome("lost", error=with_log(lost, log(silent[0][0])))
    if may_be_silent:
        return GroupOutcome("finished")
    return GroupOutcome(
        "failed",
        error=with_log(
            {
                "code": "no-result",
                "message": "The ranks left without a result, as if the code had called exit.",
                "hint": "Look for exit() in the factory or the model.",
            },
            log(0),
        ),
    )
