"""What there is to see of a session, and what it takes to ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .. import __version__
from ..errors import SaturnError
from ..paths import SessionPaths
from ..wire import message
from .attachment import Attachment, Launcher
from .connection import Connection
from .display import Results, View, joined, note
from .export import format_of, write
from .live_view import LiveView
from .past_moment import PastMoment, past_moment
from .request_bodies import selection
from .result_rows import rows_of
from .task_log import task_log
from .training_history import history_of
from .waiting import Condition, device_count, is_building, wait

if TYPE_CHECKING:
    from ..generated.wire_types import Render, SessionState, ViewName

T = TypeVar("T")

_STATE_SECONDS = 30.0

BUILT_ON_DEVICES = "Tasks are built once there are devices: %saturn cluster"


class SessionViews:
    """A session as it may be looked at, which changes nothing in it.

    Parameters
    ----------
    name, home, launcher
        As of `Session`.
    """

    def __init__(
        self,
        name: str = "default",
        home: Path | str | None = None,
        *,
        launcher: Launcher | None = None,
    ) -> None:
        self.paths = SessionPaths(name, home)
        self.attachment = Attachment(self.paths, __version__, launcher)
        self.live: Callable[[SessionState], str | None] = _no_widget
        self.open_tab: Callable[[], bool] = _no_tab

    @property
    def name(self) -> str:
        return self.paths.name

    @property
    def state(self) -> SessionState:
        """The session as the engine sees it: a wire ``SessionState``.

        It is to be read, not to be changed: later ones share with it what stays the same.
        """
        return self._surely(lambda: self._connection().sync())

    def devices(self) -> View:
        """The devices the session has now."""
        self._connection()
        return self.render("cluster")

    def check(self, tasks: Iterable[str] | None = None) -> View:
        """What can run each task on how many devices, what not and why. Trains nothing.

        Parameters
        ----------
        tasks
            Names of tasks; all when None.
        """
        names = selection(tasks).get("tasks")
        rev = self.state["rev"]
        state = self._wait(rev, lambda state: not is_building(state, names))
        view = self.render("check", names)
        return view if device_count(state) else joined(view, note(BUILT_ON_DEVICES))

    def log(self, task: str, lines: int = 40, steps: int = 10) -> View:
        """Curves and last steps of a task, and the end of what it printed when built and trained.

        Parameters
        ----------
        task
            Its name.
        lines
            How many lines, at most, of each process.
        steps
            How many steps, at most; no table of them, and no curves, when 0.

        Raises
        ------
        SaturnError
            ``unknown-task``, ``bad-option``.
        """
        if not self._started:
            return self._nothing_yet()
        told = task_log(self.paths, self.state, task, lines, steps)
        if steps == 0 or not self.paths.step_log(task).exists():
            return told
        return joined(self.render("log", [task]), told)

    def history(self, tasks: str | Iterable[str] | None = None) -> Any:
        """What was logged of every step of one task, of several, or of all.

        Parameters
        ----------
        tasks
            A name, or names; all tasks that have logged something when None.

        Returns
        -------
        pandas.DataFrame
            A row a step, by its number; of several tasks by their names, too. Columns, as far as
            they are known: ``loss``, ``lr`` (of the first group of parameters), ``grad_norm``
            (before it is clipped), ``step_seconds``, ``samples_per_second``, ``peak_bytes`` (on
            the fullest device), ``time`` (seconds since the epoch), the names that the task logs,
            and ``eval/NAME`` of evaluations. Where there is no pandas, a list of dictionaries.

        Raises
        ------
        SaturnError
            ``unknown-task``; ``nothing-logged``.
        """
        if not self._started:
            raise SaturnError(
                "nothing-logged",
                f"There is no session {self.name!r} in {self.paths.folder.parent} yet.",
                "Begin with %saturn cluster, then a cell that starts with %%saturn task.",
            )
        return history_of(self.paths, self.state, tasks)

    def status(self) -> View:
        """How far every task is at this moment: a table, which stays as it is."""
        return self.render("status") if self._started else self._nothing_yet()

    def show(self) -> View:
        """The schedule, what is planned and what happened; live where it can be."""
        return self.live_view("schedule") if self._started else self._nothing_yet()

    def view(self) -> View:
        """Have JupyterLab show the session in a tab of its own, where it can be."""
        self._connection()
        if self.open_tab():
            return note(f"Session {self.name!r} is shown in a tab of its own.")
        return note(
            "No front end listens that could show the session in a tab. In JupyterLab, choose "
            "Open the Saturn Dashboard in the command palette (Ctrl+Shift+C); elsewhere, "
            "%saturn show and %saturn status show it here."
        )

    def plan_at(self, when: PastMoment) -> View:
        """The plan as it was at a time, and what had happened by then.

        Parameters
        ----------
        when
            ``"14:02"``, ``"14:02:30"``, ``"2026-12-01T14:02"``, a `datetime`, seconds since the
            epoch; or the number of a plan made while tasks trained, as `status` lists them, 0 for
            the first.

        Raises
        ------
        SaturnError
            ``bad-time``, ``unknown-plan``, ``no-plan-then``, ``time-to-come``.
        """
        if not self._started:
            return self._nothing_yet()
        return self.render("plan", at=past_moment(when, self.state))

    def results(self) -> Results:
        """One dictionary a task (see `result_rows.rows_of`), shown as the leaderboard."""
        if not self._started:
            return Results([], note("No results yet: there is no session here."))
        return Results(rows_of(self.state), self.render("results"))

    def render(
        self,
        view: ViewName,
        tasks: Iterable[str] | None = None,
        *,
        at: float | None = None,
    ) -> View:
        """A picture by the engine, of some tasks or all.

        Parameters
        ----------
        view
            ``cluster``, ``tasks``, ``check``, ``profile``, ``cache``, ``techniques``, ``plan``,
            ``schedule``, ``status``, ``run``, ``results``, ``log``, ``tracking`` or
            ``report``.
        tasks
            Names of tasks; all when None.
        at
            As it was then, in seconds since the epoch; as it is now when None.
        """
        body: Render = {"view": view}
        if tasks is not None:
            body["tasks"] = list(tasks)
        if at is not None:
            body["at"] = at
        answer = self._surely(lambda: self._connection().request(message("client", "render", body)))
        return View(answer["text"], answer["html"])

    def live_view(self, view: ViewName) -> LiveView:
        """A picture in whose stead the schedule is shown live where it can be.

        Parameters
        ----------
        view
            As of `render`.
        """
        state = self._surely(lambda: self._connection().wait_for(lambda _: True, _STATE_SECONDS))
        drawn = self.render(view)
        live = View(drawn.text, drawn.html, state["session"], self.live(state))
        return LiveView(live, self.attachment, view, state)

    def export(self, path: str | Path) -> Path:
        """Write the session into a file that works without it.

        Parameters
        ----------
        path
            The file; it is replaced if it is there. Its ending tells what it holds: ``.html`` a
            report as one page, ``.svg`` the schedule, ``.csv`` the tasks with their results,
            ``.json`` the plan.

        Returns
        -------
        Path
            Where it is.

        Raises
        ------
        SaturnError
            ``bad-format``, ``nothing-to-export``, ``not-written``.
        """
        file = Path(path).expanduser().absolute()
        request = message("client", "export", {"format": format_of(file)})
        answer = self._surely(lambda: self._connection().request(request))
        write(file, answer["text"])
        return file

    def close(self) -> None:
        """Leave the session; it goes on without this kernel."""
        self.attachment.close()

    def __repr__(self) -> str:
        where = "attached" if self.attachment.attached else "not attached"
        if not self._started:
            where = "new: nothing in it yet"
        return f"Session {self.name!r} in {self.paths.folder} ({where})"

    @property
    def _started(self) -> bool:
        return self.attachment.attached or self.paths.exists

    def _nothing_yet(self) -> View:
        return note(
            f"No session {self.name!r} in {self.paths.folder.parent} yet. "
            "Begin with %saturn cluster, then a cell that starts with %%saturn task."
        )

    def _connection(self) -> Connection:
        return self.attachment.attach()

    def _surely(self, act: Callable[[], T]) -> T:
        """Do what may be done twice; again when the agent turns out to be dying meanwhile."""
        try:
            return act()
        except SaturnError as error:
            if error.code != "agent-gone":
                raise
        return act()

    def _wait(self, rev: int, condition: Condition) -> SessionState:
        return wait(self._connection(), rev, condition)


def _no_widget(_: SessionState) -> str | None:
    """Where no front end is attached, nothing is shown live."""
    return None


def _no_tab() -> bool:
    """Nothing follows this session that could show it."""
    return False
