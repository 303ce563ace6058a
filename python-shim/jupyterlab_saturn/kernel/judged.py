"""Which strategies can train tasks, which is told once for all that are alike.

The same as ``src/core/wire/judged.ts``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import SaturnError

if TYPE_CHECKING:
    from ..generated.wire_types import Inspection, JudgedAlike, SessionState, StateReply, TaskState


def told_state(state: SessionState) -> StateReply:
    """A whole state as it is told: `whole_state` makes it of that again."""
    judged = _judged_alike(state["tasks"])
    if not judged:
        return {"state": state}
    tasks = [_without_verdicts(task) for task in state["tasks"]]
    return {"state": {**state, "tasks": tasks}, "judged": judged}


def whole_state(told: StateReply) -> SessionState:
    """The state of which something was told.

    Raises
    ------
    SaturnError
        ``bad-message`` when what is told apart is of tasks that are not there.
    """
    state = told["state"]
    if "judged" not in told:
        return state
    return {**state, "tasks": with_judged(state["tasks"], told["judged"], _bad_state)}


def with_judged(
    tasks: Sequence[TaskState],
    judged: Sequence[JudgedAlike],
    refusal: Callable[[], SaturnError],
) -> list[TaskState]:
    """Tasks with what was told of them apart; these stay as they are.

    Raises
    ------
    SaturnError
        `refusal`, when that is of tasks that are not there.
    """
    after = list(tasks)
    for alike in judged:
        try:
            verdicts = (
                alike["feasibility"]
                if "feasibility" in alike
                else tasks[alike["like"]]["inspection"]["feasibility"]
            )
            for place in alike["tasks"]:
                task = after[place]
                inspection: Inspection = {**task["inspection"], "feasibility": verdicts}
                after[place] = {**task, "inspection": inspection}
        except (IndexError, KeyError):
            raise refusal() from None
    return after


def _judged_alike(tasks: Sequence[TaskState]) -> list[JudgedAlike]:
    groups: list[JudgedAlike] = []
    of_signature: dict[str, list[JudgedAlike]] = {}
    for place, task in enumerate(tasks):
        if "inspection" not in task or not task["inspection"]["feasibility"]:
            continue
        verdicts = task["inspection"]["feasibility"]
        alike = of_signature.setdefault(task["inspection"]["signature"], [])
        for one in alike:
            if one["feasibility"] == verdicts:
                one["tasks"].append(place)
                break
        else:
            group: JudgedAlike = {"tasks": [place], "feasibility": verdicts}
            alike.append(group)
            groups.append(group)
    return groups


def _without_verdicts(task: TaskState) -> TaskState:
    if "inspection" not in task:
        return task
    return {**task, "inspection": {**task["inspection"], "feasibility": []}}


def _bad_state() -> SaturnError:
    return SaturnError(
        "bad-message",
        "What is told of tasks is of others than there are.",
        "The whole state is asked for by itself.",
    )
