"""A session that heeds what its user asks of the plan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ..errors import SaturnError
from ..wire import message
from .display import View
from .request_bodies import selection
from .session_views import SessionViews
from .wishes import SESSION_WISHES, TASK_WISHES, Wishes, wishes_body

if TYPE_CHECKING:
    from ..generated.wire_types import Segment, WishesSet


class SessionWishes(SessionViews):
    """A session with `wish`, and plans of one's own. Parameters as of `Session`."""

    def wish(
        self, tasks: Iterable[str] | None = None, *, clear: bool = False, **wishes: Unpack[Wishes]
    ) -> View:
        """Ask something of the plan, before or while tasks train; it changes nothing they learn.

        A session that trains plans anew with it at once; else the next plan heeds it. What no plan
        can meet is told with the plan, with what would have to give way.

        Parameters
        ----------
        tasks
            Names of the tasks `deadline`, `start`, `priority` and `pin` are for; all that are still
            to be trained when None.
        clear
            First take back what was asked for these tasks; everything when no tasks are named.
        **wishes
            What is asked, see `Wishes`; None takes it back.

        Raises
        ------
        SaturnError
            ``bad-wish``, ``unknown-task``, ``task-finished``, ``unknown-device`` or
            ``unknown-technique``.
        """
        names = selection(tasks).get("tasks")
        if clear:
            taken: WishesSet = {
                "tasks": [{"clear": [*TASK_WISHES.values()], **({"tasks": names} if names else {})}]
            }
            if names is None:
                taken["session"] = {"clear": [*SESSION_WISHES.values()]}
            self._tell(taken)
        self._wish(names, wishes)
        return self.render("status")

    def _wish(self, tasks: list[str] | None, wishes: Wishes) -> None:
        """Ask for something, if it is anything."""
        nodes = (
            [node["id"] for node in self.state.get("cluster", {"nodes": []})["nodes"]]
            if "price" in wishes
            else []
        )
        body = wishes_body(wishes, tasks, nodes)
        if body is not None:
            self._tell(body)

    def _tell(self, body: WishesSet) -> None:
        rev = self._connection().request(message("client", "wishes.set", body))["rev"]
        self._wait(rev, lambda _: True)

    def _use(self, plan: str | Path | Mapping[str, object]) -> None:
        """Have a plan followed, or that of a simple rule which the session's own is compared with.

        Raises SaturnError ``bad-plan-file``, ``no-rule`` or ``plan-refused``.
        """
        segments = self._rule_segments(plan) if isinstance(plan, str) else None
        rev = self._connection().request(
            message("client", "plan.use", {"segments": segments or _segments(plan)})
        )["rev"]
        self._wait(rev, lambda _: True)

    def _rule_segments(self, name: str) -> list[Segment] | None:
        """The plan of a rule that the session's own is compared with; None for other names."""
        plan = self.state.get("plan")
        baselines = plan["plan"]["baselines"] if plan is not None else []
        found = {str(baseline["name"]): baseline.get("segments", []) for baseline in baselines}
        if name not in found or Path(name).exists():
            return None
        if not found[name]:
            known = ", ".join(rule for rule, segments in found.items() if segments)
            raise SaturnError(
                "no-rule",
                f"Of the rule {name} only the duration is known, not the plan.",
                f"There is a plan of: {known}." if known else "Plan anew, with %saturn plan.",
            )
        return found[name]


def _segments(plan: str | Path | Mapping[str, object]) -> list[Segment]:
    try:
        read: Any = plan if isinstance(plan, Mapping) else json.loads(Path(plan).read_text("utf-8"))
        segments: list[Segment] = read["segments"]
        if not isinstance(segments, list) or not segments:
            raise ValueError("it has no segments")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SaturnError(
            "bad-plan-file",
            f"{plan if not isinstance(plan, Mapping) else 'That'} is no plan: {error}.",
            "Give the JSON of a plan, as npm run plan writes it: an object with segments.",
        ) from None
    return segments
