"""A session as Python objects: what the magics do, for scripts and for those who dislike magics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import SaturnError
from ..paths import SessionPaths
from ..wire import message
from .attachment import Attachment, Launcher
from .capture import capture
from .connection import Connection
from .device_request import device_request
from .display import Results, View, joined, note
from .payload import store
from .progress import is_training
from .request_bodies import (
    check_function,
    check_length,
    criterion,
    plan_body,
    profile_body,
    selection,
)
from .result_rows import rows_of
from .sweep import Argument, Value, check_parameters, expand, grid_of
from .task_log import task_log
from .technique_registry import TechniqueRegistry
from .waiting import (
    Condition,
    device_count,
    is_building,
    is_stopping,
    pursue,
    require_success,
    wait,
)
from .world import notebook_world, tell_secrets

if TYPE_CHECKING:
    from ..generated.wire_types import OkRequest, Render, SessionState, TechniqueSpec, ViewName

_DEVICE_SECONDS = 120.0
_BUILT_ON_DEVICES = "Tasks are built once there are devices: %saturn cluster"


class Session:
    """One experiment on disk: tasks, profiles, plans and checkpoints. It outlives the kernel.

    The session's agent and engine are started when first needed. Every method raises SaturnError
    with what went wrong and what to do next.

    Parameters
    ----------
    name
        Name of the session.
    home
        Folder of all sessions; ``$SATURN_HOME``, else ``.saturn`` in the working folder.
    launcher
        What starts the agent.
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

    @property
    def name(self) -> str:
        return self.paths.name

    @property
    def state(self) -> SessionState:
        """The session as the engine sees it: a wire ``SessionState``."""
        return self._connection().request(message("client", "state"))["state"]

    def add(
        self,
        function: Callable[..., Any],
        sweep: Mapping[str, Sequence[Argument | Value] | Argument] | None = None,
        *,
        epochs: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        native: bool = False,
        replace: bool = False,
        origin: str | None = None,
        best: str | None = None,
    ) -> View:
        """Make a task of every point of a grid, and wait until each was built once.

        Parameters
        ----------
        function
            Builds and returns a `Task`; it travels by value with all it uses of the notebook.
        sweep
            Values for its parameters; one task without parameters when None.
        epochs, steps
            Length, instead of the one the `Task` says.
        seed
            Seed of every task.
        native
            The function trains by itself, or returns what does: it runs as it is.
        replace
            Put the tasks in the place of others of the same names.
        origin
            Id of the notebook cell they come from.
        best
            The metric that makes a model the better one, and whether more or less of it does:
            ``"accuracy:max"``. What the task itself says when None.

        Raises
        ------
        SaturnError
            ``bad-sweep``, ``bad-parameters``, ``bad-criterion``, ``duplicate-task``,
            ``not-picklable``, ``capture-too-large``, ``patched-library``, ``default-device``, or
            the function's own error when all tasks have it.
        """
        check_length(epochs, steps, seed)
        grid = grid_of(sweep)
        check_function(function)
        check_parameters(function, grid)
        captured = capture(function)
        world = notebook_world(self.paths, captured.sources, captured.texts)
        specs = expand(
            function.__name__,
            grid,
            captured.within(world),
            epochs=epochs,
            steps=steps,
            seed=seed,
            native=native,
            origin=origin,
            best=criterion(best),
        )
        connection = self._connection()
        store(self.paths, captured, world)
        tell_secrets(self.paths, world)
        added = message("client", "tasks.add", {"tasks": specs, "replace": replace})
        rev = connection.request(added)["rev"]
        names = {spec["name"] for spec in specs}
        state = self._wait(rev, lambda state: not is_building(state, names))
        invalid = {
            task["spec"]["name"]: task["error"]
            for task in state["tasks"]
            if task["spec"]["name"] in names and task["status"] == "invalid"
        }
        if len(invalid) == len(names):
            raise SaturnError.from_json(next(iter(invalid.values())))
        view = self.render("tasks", [spec["name"] for spec in specs])
        if not device_count(state):
            view = joined(view, note(_BUILT_ON_DEVICES))
        return view

    def cluster(
        self,
        cpu: int | None = None,
        gpu: int | bool | None = None,
        memory: str | int | None = None,
    ) -> View:
        """Choose the devices to train on: what the machine has when nothing is given.

        Parameters
        ----------
        cpu
            Number of virtual CPU devices.
        gpu
            Number of GPUs; all there are when True.
        memory
            Limit of each virtual CPU device, as bytes or text (``"4GB"``).
        """
        request = device_request(cpu, gpu, memory)
        connection = self._connection()
        connection.wait_for(lambda state: state["agent"] == "connected", _DEVICE_SECONDS)
        wanted = message("client", "cluster.set", {"request": request})
        rev = connection.request(wanted, _DEVICE_SECONDS)["rev"]
        self._wait(rev, lambda _: True)
        return self.render("cluster")

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
        return view if device_count(state) else joined(view, note(_BUILT_ON_DEVICES))

    def profile(
        self,
        force: bool = False,
        wait: bool = True,
        *,
        full: bool = False,
        exclude: Iterable[str] | None = None,
    ) -> View:
        """Measure the tasks under those strategies that could change the plan.

        Parameters
        ----------
        force
            Measure again what is already measured, also in earlier sessions.
        wait
            Wait for the end; else it goes on by itself.
        full
            Measure every strategy that can run a task.
        exclude
            Techniques not to try, nor to plan with; what was excluded before when None.
        """
        body = profile_body(force, full, exclude)
        return self._pursue("profile", message("client", "profile", body), wait)

    def cache(self, clear: bool = False, everything: bool = False) -> View:
        """The measurements that are remembered for later sessions.

        Parameters
        ----------
        clear
            Forget those of this session's tasks.
        everything
            Forget all, whatever session they come from.
        """
        if clear or everything:
            self._connection().request(
                message("client", "cache.clear", {"all": True} if everything else {})
            )
        return self.render("cache")

    @property
    def techniques(self) -> TechniqueRegistry:
        """The techniques of the user's own: register, define, remove and check them."""
        return TechniqueRegistry(
            self._change_techniques,
            lambda: self.state.get("techniques", []),
            lambda: self.render("techniques"),
        )

    def plan(
        self,
        seconds: float | None = None,
        exclude: Iterable[str] | None = None,
        wait: bool = True,
    ) -> View:
        """Choose for each task a technique, a number of devices and a start.

        Parameters
        ----------
        seconds
            How long to search.
        exclude
            Techniques not to use; what was excluded before when None.
        """
        return self._pursue("plan", message("client", "plan", plan_body(seconds, exclude)), wait)

    def run(self, tasks: Iterable[str] | None = None, exclude: Iterable[str] | None = None) -> View:
        """Train in the background, after measuring and planning what is missing. Returns at once.

        Parameters
        ----------
        tasks
            Names of tasks; all when None.
        exclude
            Techniques not to use.
        """
        connection = self._connection()
        if exclude is not None:
            connection.request(message("client", "plan", plan_body(None, exclude)))
        rev = connection.request(message("client", "run", selection(tasks)))["rev"]
        self._wait(rev, lambda _: True)
        return self.render("status", live=True)

    def wait(self, check: bool = False) -> View:
        """Wait until nothing is built or trains any more and nothing is to be trained.

        Parameters
        ----------
        check
            Raise SaturnError ``tasks-failed`` when tasks failed or could not be built.
        """
        if not self._started:
            return note("Nothing runs: there is no session here yet.")
        rev = self.state["rev"]
        state = self._wait(rev, lambda state: not is_training(state) and not is_building(state))
        if check:
            require_success(state)
        return self.render("status", live=True)

    def log(self, task: str, lines: int = 40) -> View:
        """The end of what a task has printed, when it was built and when it was last trained.

        Parameters
        ----------
        task
            Its name.
        lines
            How many lines, at most, of each process.

        Raises
        ------
        SaturnError
            ``unknown-task``, ``bad-option``.
        """
        if not self._started:
            return self._nothing_yet()
        return task_log(self.paths, self.state, task, lines)

    def status(self) -> View:
        """How far every task is at this moment: a table, which stays as it is."""
        return self.render("status") if self._started else self._nothing_yet()

    def show(self) -> View:
        """The schedule, what is planned and what happened; live where it can be."""
        return self.render("schedule", live=True) if self._started else self._nothing_yet()

    def results(self) -> Results:
        """One dictionary a task (see `leaderboard.rows_of`), shown as the leaderboard."""
        if not self._started:
            return Results([], note("No results yet: there is no session here."))
        return Results(rows_of(self.state), self.render("results"))

    def stop(self, tasks: Iterable[str] | None = None) -> View:
        """Stop training after saving a checkpoint; `run` goes on from there.

        Trials and inspections end at once; they are made again when they are next needed.

        Parameters
        ----------
        tasks
            Names of tasks; everything, measuring and planning too, when None.
        """
        asked = message("client", "stop", selection(tasks))
        rev = self._connection().request(asked)["rev"]
        self._wait(rev, lambda state: not is_stopping(state))
        return self.render("status", live=True)

    def remove(self, names: Iterable[str]) -> View:
        """Take tasks out of the session; what was trained is archived."""
        asked = message("client", "tasks.remove", selection(names))
        rev = self._connection().request(asked)["rev"]
        self._wait(rev, lambda _: True)
        return self.render("tasks")

    def reset(self) -> View:
        """Take out all tasks and the plan; measured speeds are kept."""
        rev = self._connection().request(message("client", "reset"))["rev"]
        self._wait(rev, lambda _: True)
        return self.render("tasks")

    def render(
        self, view: ViewName, tasks: Iterable[str] | None = None, *, live: bool = False
    ) -> View:
        """A picture by the engine, of some tasks or all.

        Parameters
        ----------
        view
            ``cluster``, ``tasks``, ``check``, ``profile``, ``cache``, ``techniques``, ``plan``,
            ``schedule``, ``status``, ``results`` or ``report``.
        tasks
            Names of tasks; all when None.
        live
            Whether the live schedule stands in for it where there can be one.
        """
        connection = self._connection()
        body: Render = {"view": view}
        if tasks is not None:
            body["tasks"] = list(tasks)
        answer = connection.request(message("client", "render", body))
        state = connection.state
        if not live or state is None:
            return View(answer["text"], answer["html"])
        return View(answer["text"], answer["html"], state["session"], self.live(state))

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

    def _pursue(self, view: ViewName, request: OkRequest, wait: bool) -> View:
        """Ask the engine for what a view shows and, if wanted, wait until it is there."""
        connection = self._connection()
        if not wait:
            connection.request(request)
            return self.render("status", live=True)
        troubles = pursue(connection, request)
        return joined(self.render(view), *(note(trouble["message"]) for trouble in troubles))

    def _change_techniques(
        self, techniques: list[TechniqueSpec], remove: list[str]
    ) -> SessionState:
        asked = message("client", "techniques.set", {"techniques": techniques, "remove": remove})
        rev = self._connection().request(asked)["rev"]
        return self._wait(rev, lambda state: not is_building(state))

    def _wait(self, rev: int, condition: Condition) -> SessionState:
        return wait(self._connection(), rev, condition)


def _no_widget(_: SessionState) -> str | None:
    """Where no front end is attached, nothing is shown live."""
    return None
