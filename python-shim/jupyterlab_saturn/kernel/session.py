"""A session as Python objects: what the magics do, for scripts and for those who dislike magics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from ..errors import SaturnError
from ..wire import message
from .device_request import device_request
from .display import View, joined, note
from .joining import bridge_request, join, leave
from .progress import is_training
from .request_bodies import (
    plan_body,
    profile_body,
    run_body,
    selection,
)
from .session_control import SessionControl
from .session_models import SessionModels
from .session_sweeps import SessionSweeps
from .session_tracking import SessionTracking
from .session_wishes import SessionWishes
from .technique_registry import TechniqueRegistry
from .waiting import is_building, pursue, require_success
from .wishes import Wishes

if TYPE_CHECKING:
    from ..generated.wire_types import (
        ClusterSet,
        OkRequest,
        SessionState,
        SwitchPolicy,
        TechniqueSpec,
        ViewName,
    )

_DEVICE_SECONDS = 120.0


class Session(SessionSweeps, SessionControl, SessionWishes, SessionTracking, SessionModels):
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

    def cluster(
        self,
        cpu: int | None = None,
        gpu: int | bool | None = None,
        memory: str | int | None = None,
        *,
        node: str | None = None,
        ray: str | None = None,
        nodes: int | None = None,
        open: bool = False,
        reserve: bool = False,
    ) -> View:
        """Choose the devices to train on: what each node has when nothing is given.

        With `ray`, train on the nodes of a Ray cluster as well. Its nodes may come and go; the
        devices are then those of each node but the session's own, whose devices stay.

        Parameters
        ----------
        cpu
            Number of virtual CPU devices.
        gpu
            Number of GPUs; all there are when True.
        memory
            Limit of each virtual CPU device, as bytes or text (``"4GB"``).
        node
            The node whose devices these are; when None, they are those of each there is.
        ray
            Address of the head of a Ray cluster of which this machine is a node, ``HOST:PORT``;
            ``"auto"`` for the one that Ray here belongs to.
        nodes
            So many nodes of it at most, this one included.
        open
            Join it also when it takes anybody who reaches it for you.
        reserve
            Have Ray keep its nodes, whole ones, from its other users as long as there is work;
            what is not to be had is waited for.

        Raises
        ------
        SaturnError
            ``bad-devices``, ``bad-memory``, ``bad-node``, ``bad-option``; ``no-devices`` or
            ``gpu-unusable`` where a node has none such; ``busy`` while they are in use;
            ``unknown-device`` or ``node-away`` when the node is not there. With `ray` ``no-ray``,
            ``no-such-cluster``, ``open-cluster``, ``bad-token``, ``other-cluster``; when no other
            node can be worked with, why not: ``other-versions``, ``wrong-user``,
            ``no-shared-folder``.
        """
        if node is not None and (ray is not None or not node):
            raise SaturnError(
                "bad-node",
                "A node has no name." if ray is None else "A node is chosen once it is there.",
                "Name one that session.devices() shows, without ray.",
            )
        if ray is not None:
            wanted = bridge_request(ray, nodes, open, cpu, gpu, memory, reserve)
            connection = self._connection()
            connection.wait_for(lambda state: state["agent"] == "connected", _DEVICE_SECONDS)
            join(connection, wanted)
            return self.render("cluster")
        if nodes is not None or open or reserve:
            raise SaturnError(
                "bad-option",
                "nodes, open and reserve say how a Ray cluster is joined.",
                'Write e.g.: session().cluster(ray="auto", nodes=2)',
            )
        request = device_request(cpu, gpu, memory)
        connection = self._connection()
        connection.wait_for(lambda state: state["agent"] == "connected", _DEVICE_SECONDS)
        asked: ClusterSet = {"request": request}
        if node is not None:
            asked["node"] = node
        chosen = message("client", "cluster.set", asked)
        rev = connection.request(chosen, _DEVICE_SECONDS)["rev"]
        self._wait(rev, lambda _: True)
        return self.render("cluster")

    def leave_cluster(self) -> View:
        """Train on the session's own node alone: what trains on others saves, and goes on here."""
        leave(self._connection())
        return self.render("cluster")

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
        *,
        early: str | float | None = None,
        use: str | Path | Mapping[str, object] | None = None,
        **wishes: Unpack[Wishes],
    ) -> View:
        """Choose for each task a technique, a number of devices and a start.

        Parameters
        ----------
        seconds
            How long to search.
        exclude
            Techniques not to use; what was excluded before when None.
        early
            The share of its steps (``"10%"``, 0.1) that every task is to reach before any goes
            on. The plan tells what that costs.
        use
            A plan of your own to follow instead, or the file it is in; or the name of a simple
            rule that the plan was compared with, as ``"optimus-dynamic"``.
        **wishes
            What is asked of the plan, as of `wish`.
        """
        self._wish(None, wishes)
        if use is not None:
            self._use(use)
            return self.render("plan")
        body = plan_body(seconds, exclude, early)
        return self._pursue("plan", message("client", "plan", body), wait)

    def run(
        self,
        tasks: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        switch: SwitchPolicy | None = None,
        *,
        early: str | float | None = None,
        keep: bool = False,
        **wishes: Unpack[Wishes],
    ) -> View:
        """Train in the background, after measuring and planning what is missing. Returns at once.

        Parameters
        ----------
        tasks
            Names of tasks; all when None.
        exclude
            Techniques not to use.
        switch
            Whether tasks that train are moved to other devices or techniques: ``"never"``, when
            what is learned while training makes it ``"pays"``, or also where the plan says so
            beforehand (``"planned"``). As before when None; ``"pays"`` at first.
        early
            As of `plan`: every task reaches this share of its steps, and is evaluated there,
            before any goes on.
        keep
            Of tasks that finish, the last checkpoint stays beside the model, optimizer and all.
        **wishes
            What is asked of the plan, as of `wish`; for the tasks named.
        """
        body = run_body(tasks, switch, early, keep)

        def order() -> None:
            self._wish(selection(tasks).get("tasks"), wishes)
            connection = self._connection()
            if exclude is not None:
                connection.request(message("client", "plan", plan_body(None, exclude, early)))
            rev = connection.request(message("client", "run", body))["rev"]
            self._wait(rev, lambda _: True)

        self._surely(order)
        return self.live_view("run")

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
        return self.live_view("run")

    def _pursue(self, view: ViewName, request: OkRequest, wait: bool) -> View:
        """Ask the engine for what a view shows and, if wanted, wait until it is there."""
        connection = self._connection()
        if not wait:
            rev = connection.request(request)["rev"]
            self._wait(rev, lambda _: True)
            return self.live_view("run")
        troubles = pursue(connection, request)
        return joined(self.render(view), *(note(trouble["message"]) for trouble in troubles))

    def _change_techniques(
        self, techniques: list[TechniqueSpec], remove: list[str]
    ) -> SessionState:
        asked = message("client", "techniques.set", {"techniques": techniques, "remove": remove})
        rev = self._connection().request(asked)["rev"]
        return self._wait(rev, lambda state: not is_building(state))
