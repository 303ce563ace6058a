"""How tasks come into a session: a function, and the points of its sweep."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ..errors import SaturnError
from ..wire import message
from .capture import capture
from .display import View, joined, note
from .filling_view import FillingView
from .payload import store
from .ranges import Range
from .request_bodies import check_function, check_length
from .search import chosen_search, metric_choice, scale_words, stop_rule, sweep_spec
from .session_views import BUILT_ON_DEVICES, SessionViews
from .sweep import Argument, Grid, Space, Value, check_parameters, space_of
from .task_specs import Factory
from .waiting import device_count, is_building
from .wishes import TASK_WISHES, TaskWishes, refuse_unknown, task_change
from .world import notebook_world, tell_secrets

if TYPE_CHECKING:
    from ..generated.wire_types import SessionState, TasksAdd


class SessionSweeps(SessionViews):
    """A session to which functions are added, each with a sweep over its parameters."""

    def add(
        self,
        function: Callable[..., Any],
        sweep: Mapping[str, Sequence[Argument | Value] | Argument | Range] | None = None,
        *,
        points: int | None = None,
        search: str | None = None,
        by: str | None = None,
        stop: str | None = None,
        epochs: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        native: bool = False,
        replace: bool = False,
        origin: str | None = None,
        wait: bool = False,
        **wishes: Unpack[TaskWishes],
    ) -> View:
        """Make a task of every point of a grid, or of some points; each is then built once.

        >>> from jupyterlab_saturn import between, session
        >>> space = {"lr": between(1e-5, 1e-1), "width": [64, 128, 256]}
        >>> session().add(net, space, points=54, stop="asha", by="accuracy")  # doctest: +SKIP

        Parameters
        ----------
        function
            Builds and returns a `Task`; it travels by value with all it uses of the notebook.
        sweep
            Values for its parameters: some, or all `between` two numbers. One task without
            parameters when None.
        points
            How many points to try, where a parameter has a range, or of a grid not all are
            wanted. Further ones come as devices free up, also without the kernel.
        search
            What chooses them: ``"tpe"`` (Optuna, which learns from those before), ``"random"``, or
            ``"qmc"``, which fills the space more evenly. ``"tpe"`` when None, where Optuna is
            installed and `by` says what is better; else ``"random"``.
        by
            The metric that makes a model the better one: ``"accuracy"``, ``"-loss"``,
            ``"max:bleu"``. Whether more or less of it does is known of many names, and asked for
            of others. What the task itself says when None.
        stop
            The rule by which tasks are given up that will hardly be the best: ``"asha"``,
            ``"median"``, with numbers ``"asha:eta=4,first=2"``, or ``"asha:promote"``. With
            ``"pbt"`` the worst give way to others that go on from the best, with what has a range
            changed a little. None are when None.
        epochs, steps
            Length, instead of the one the `Task` says.
        seed
            Seed of every task, and of the points.
        native
            The function trains by itself, or returns what does: it runs as it is.
        replace
            Put the tasks in the place of others of the same names.
        origin
            Id of the notebook cell they come from.
        wait
            Wait until all were built. Else the view shows them as they are at first, and in a
            notebook as they become.
        **wishes
            What is asked of the plan for these tasks: `deadline`, `start`, `priority` and `pin`,
            see `TaskWishes`. What was asked before stays.

        Raises
        ------
        SaturnError
            ``bad-sweep``, ``bad-search``, ``no-optuna``, ``bad-stop``, ``bad-criterion``,
            ``bad-parameters``, ``bad-wish``, ``duplicate-task``, ``duplicate-sweep``,
            ``not-picklable``, ``capture-too-large``, ``patched-library``, ``default-device``, or
            the function's own error when all tasks have it, if that is waited for.
        """
        check_length(epochs, steps, seed)
        refuse_unknown(wishes, TASK_WISHES)
        wished = task_change(wishes)
        space = space_of(sweep)
        choice, rule = metric_choice(by), stop_rule(stop)
        chosen, words = chosen_search(search, space, points, choice, rule)
        check_function(function)
        check_parameters(function, space)
        captured = capture(function)
        world = notebook_world(self.paths, captured.sources, captured.texts)
        factory = Factory(
            function.__name__,
            captured.within(world),
            epochs=epochs,
            steps=steps,
            seed=seed,
            native=native,
            origin=origin,
        )
        body: TasksAdd = {"tasks": [], "replace": replace}
        if chosen != "grid" or rule is not None:
            template = factory.template() if chosen != "grid" else None
            body["sweep"] = sweep_spec(
                function.__name__,
                space,
                search=chosen,
                seed=seed,
                points=points,
                stop=rule,
                template=template,
            )
        if chosen == "grid":
            body["tasks"] = factory.expand(_grid(space))
        if choice is not None:
            body["by"] = choice
        if wished is not None:
            body["wishes"] = wished
        connection = self._connection()
        store(self.paths, captured, world)
        tell_secrets(self.paths, world)
        answer = connection.request(message("client", "tasks.add", body))
        rev = answer["rev"]
        names = [*answer["added"], *answer["replaced"], *answer["unchanged"]]
        if wait:
            mine = set(names)
            _require_one(self._wait(rev, lambda state: not is_building(state, mine)), mine)
        view = self.render("tasks", names)
        said = [*([f"Points are {words}."] if words else []), *scale_words(space)]
        remarks = [note(" ".join(said))] if said else []
        if not device_count(connection.wait_for(lambda _: True)):
            return joined(view, *remarks, note(BUILT_ON_DEVICES))
        if wait:
            return joined(view, *remarks)
        filling = FillingView(view, self.attachment, names, rev)
        return filling.below(*remarks) if remarks else filling


def _grid(space: Space) -> Grid:
    """A space without ranges."""
    return {name: values for name, values in space.items() if not isinstance(values, Range)}


def _require_one(state: SessionState, names: Collection[str]) -> None:
    """Raise SaturnError with the first error of some tasks when none of them can be built."""
    tasks = [task for task in state["tasks"] if task["spec"]["name"] in names]
    if tasks and all(task["status"] == "invalid" for task in tasks):
        raise SaturnError.from_json(tasks[0]["error"])
