"""Control of what a session trains: each order takes effect at the next step, the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..errors import SaturnError
from ..wire import message
from .display import View, note
from .live_view import LiveView
from .request_bodies import clone_body, selection
from .session_views import SessionViews
from .sweep import Argument
from .task_loss import refuse_loss
from .waiting import is_building, is_stopping

if TYPE_CHECKING:
    from ..generated.wire_types import Failure, OkRequest


class SessionControl(SessionViews):
    """A session whose tasks are stopped, resumed, tried again, cloned and removed."""

    def stop(self, tasks: Iterable[str] | None = None) -> View:
        """Stop training after saving a checkpoint; `resume` or `run` goes on from there.

        The devices go to the others. Trials and inspections end at once; they are made again when
        they are next needed.

        Parameters
        ----------
        tasks
            Names of tasks; everything, measuring and planning too, when None.

        Raises
        ------
        SaturnError
            ``task-finished``, ``task-failed`` or ``task-invalid`` when all of these are over.
        """
        body = selection(tasks)
        names = body.get("tasks")
        rev = self._connection().request(message("client", "stop", body))["rev"]
        self._wait(rev, lambda state: not is_stopping(state, names))
        return self.live_view("run")

    def resume(self, tasks: Iterable[str] | None = None) -> View:
        """Train tasks that were stopped, from where they are, beside what trains already.

        Parameters
        ----------
        tasks
            Names of tasks; all that were stopped when None.

        Raises
        ------
        SaturnError
            ``nothing-stopped``; ``task-finished``, ``task-failed``, ``task-invalid`` for one that
            cannot go on.
        """
        return self._order(message("client", "resume", selection(tasks)))

    def retry(self, tasks: Iterable[str] | None = None) -> View:
        """Train tasks that failed once more, from their last checkpoints, and say which.

        Those that could not be built are built again, and trained if they can be now.

        Parameters
        ----------
        tasks
            Names of tasks; all that failed, or could not be built, when None.

        Raises
        ------
        SaturnError
            ``nothing-failed``, ``not-failed``.
        """
        body = selection(tasks)
        failed = _errors(self, body.get("tasks"))
        view = self._order(message("client", "retry", body))
        again = [note(f"{name} again. It had failed: {error['message']}") for name, error in failed]
        return view.below(*again) if again else view

    def clone(
        self,
        task: str,
        values: Mapping[str, Argument] | None = None,
        *,
        name: str | None = None,
        warm_start: str | int | None = None,
        epochs: float | None = None,
        steps: int | None = None,
        seed: int | None = None,
        **more: Argument,
    ) -> View:
        """Make a task of another one's function with other values, and wait until it was built.

        It is trained with the next `run` or, while one goes on that the other task is of, in
        that. The other task is left as it is.

        Parameters
        ----------
        task
            The task that it is made of.
        values, more
            Parameters of the function that are to be others.
        name
            Of the clone; made of the edits when None.
        warm_start
            Weights to begin with: those that the task began with (``"start"``), saved last
            (``"last"``), evaluated best (``"best"``) or saved after so many steps. The
            function's own when None. Optimizer, schedule and order of the data are new.
        epochs, steps, seed
            As those of `add`; the other task's when None.

        Raises
        ------
        SaturnError
            ``unknown-task``, ``duplicate-task``, ``same-task``, ``no-checkpoint``, ``no-best``,
            ``native-task``, ``bad-clone``; ``bad-parameters``, ``weights-mismatch`` or the
            function's own error when it cannot be built.
        """
        body = clone_body(
            task,
            {**(values or {}), **more},
            name=name,
            warm_start=warm_start,
            epochs=epochs,
            steps=steps,
            seed=seed,
        )
        answer = self._connection().request(message("client", "tasks.clone", body))
        names = [*answer["added"], *answer["replaced"], *answer["unchanged"]]
        state = self._wait(answer["rev"], lambda state: not is_building(state, names))
        for each in state["tasks"]:
            if each["spec"]["name"] in names and each["status"] == "invalid":
                raise SaturnError.from_json(each["error"])
        return self.render("tasks", names)

    def remove(self, names: Iterable[str], yes: bool = False) -> View:
        """Take tasks out of the session, also while they train; what was trained is archived.

        What trains is ended without being saved.

        Parameters
        ----------
        names
            Names of tasks.
        yes
            Also those that were trained, in whole or in part.

        Raises
        ------
        SaturnError
            ``trained-tasks`` when some were, and nobody has said yes.
        """
        body = selection(names)
        if not yes:
            refuse_loss(
                self.state, body.get("tasks"), "%saturn remove ... --yes, or remove(..., yes=True)"
            )
        rev = self._connection().request(message("client", "tasks.remove", body))["rev"]
        gone = body.get("tasks", [])
        self._wait(
            rev,
            lambda state: (
                not any(
                    each.get("removing") and each["spec"]["name"] in gone for each in state["tasks"]
                )
            ),
        )
        return self.render("tasks")

    def reset(self, yes: bool = False) -> View:
        """Take out all tasks and the plan; measured speeds are kept.

        Parameters
        ----------
        yes
            Also when tasks were trained, in whole or in part.

        Raises
        ------
        SaturnError
            ``trained-tasks`` when some were, and nobody has said yes.
        """
        if not yes:
            refuse_loss(self.state, None, "%saturn reset --yes, or reset(yes=True)")
        rev = self._connection().request(message("client", "reset"))["rev"]
        self._wait(rev, lambda _: True)
        return self.render("tasks")

    def _order(self, order: OkRequest) -> LiveView:
        rev = self._connection().request(order)["rev"]
        self._wait(rev, lambda _: True)
        return self.live_view("run")


def _errors(session: SessionViews, names: list[str] | None) -> list[tuple[str, Failure]]:
    """Why tasks, all or those named, have failed or could not be built."""
    return [
        (task["spec"]["name"], task["error"])
        for task in session.state["tasks"]
        if task["status"] in ("failed", "invalid")
        and (names is None or task["spec"]["name"] in names)
    ]
