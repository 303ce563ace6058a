"""An engine with a small script in place of a brain: the same socket, the same messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zmq
from jupyterlab_saturn import wire
from jupyterlab_saturn.errors import Json, SaturnError, failure_of
from jupyterlab_saturn.paths import SessionPaths
from waiting import SECONDS

INSPECTION: Json = {
    "signature": "s",
    "steps": 10,
    "stepsPerEpoch": 10,
    "samples": 100,
    "batchSize": 10,
    "parameters": 5,
    "feasibility": [{"strategy": {"technique": "pipeline", "devices": 2}, "feasible": True}],
    "warnings": [],
}
PLAN: Json = {
    "segments": [],
    "unplanned": [],
    "makespan": 4,
    "lowerBound": 4,
    "gap": 0,
    "binding": "none",
    "optimal": True,
    "method": "empty",
    "baselines": [],
}


def empty_state() -> Json:
    return {
        "session": "default",
        "folder": "/nowhere",
        "rev": 1,
        "goal": "none",
        "agent": "connected",
        "planning": False,
        "cluster": {
            "nodes": [
                {
                    "id": "n",
                    "devices": [{"id": "cpu0", "kind": "cpu", "name": "CPU", "memoryBytes": 1}],
                }
            ]
        },
        "tasks": [],
        "cells": [],
        "trials": [],
        "trialsDone": 0,
        "excludeTechniques": [],
        "notices": [],
    }


def change_of(before: Json, after: Json) -> Json:
    """What makes a state of another, lists told anew as a whole."""
    change: Json = {"base": before["rev"], "rev": after["rev"], "session": {}}
    for name in before.keys() | after.keys():
        value = after.get(name)
        if name == "rev" or before.get(name) == value:
            continue
        if name in ("tasks", "cells", "trials"):
            put = [{"at": at, "entry": entry} for at, entry in enumerate(value)]
            change[name] = {"keep": [], "put": put}
        else:
            change["session"][name] = value
    return change


class FakeEngine:
    """Answers clients in a thread. Tests read `received` and change `state` between messages.

    Attributes
    ----------
    received
        Type and body of every message, pings and what was taken in left out.
    whole
        How often a client was told the whole state.
    taken
        Revisions that clients have said to have taken in.
    silent
        Types that get no answer.
    refused
        Failure to answer to a type.
    odd
        What to answer to a type, though nobody understands it.
    inspect
        What becomes of a task once it is built: its new status and what else it gets.
    """

    def __init__(self, endpoint: str, state: Json | None = None) -> None:
        self.endpoint = endpoint
        self.state = state or empty_state()
        self.received: list[tuple[str, Json]] = []
        self.pings = 0
        self.silent: set[str] = set()
        self.refused: dict[str, Json] = {}
        self.odd: dict[str, Json] = {}
        self.inspect: Callable[[Json], Json] = lambda _: {
            "status": "ready",
            "inspection": INSPECTION,
        }
        self.whole = 0
        self.taken: list[int] = []
        self._told: dict[bytes, Json] = {}
        self._pushes: list[Json] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(SECONDS)

    def types(self) -> list[str]:
        return [type for type, _ in self.received]

    def change(self, **changes: Any) -> None:
        """Change the state and push it to every client."""
        with self._lock:
            self.state = {**self.state, **changes, "rev": self.state["rev"] + 1}
            self._pushes.append(self.state)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(SECONDS)

    def _run(self) -> None:
        with zmq.Context() as context, context.socket(zmq.ROUTER) as router:
            router.linger = 0
            router.bind(self.endpoint)
            self._ready.set()
            while not self._stop.is_set():
                if router.poll(10):
                    client, data = router.recv_multipart()
                    for envelope in self._answers(data):
                        if envelope["type"] == "state":
                            self.whole += 1
                            self._told[client] = envelope["body"]["state"]
                        router.send_multipart([client, json.dumps(envelope).encode()])
                with self._lock:
                    pushes, self._pushes = self._pushes, []
                for state in pushes:
                    for client, told in self._told.items():
                        if told["rev"] < state["rev"]:
                            change = wire.message("engine", "change", change_of(told, state))
                            router.send_multipart([client, wire.encode("engine", change)])
                            self._told[client] = state

    def _answers(self, data: bytes) -> list[Json]:
        message = wire.decode("client", data)
        kind, body, id = message["type"], message["body"], message["id"]
        if kind == "state.taken":
            self.taken.append(body["rev"])
            return []
        if kind == "ping":
            self.pings += 1
        else:
            self.received.append((kind, body))
        if kind in self.silent:
            return []
        if kind in self.refused:
            return [wire.message("engine", "error", {"error": self.refused[kind]}, id)]
        if kind in self.odd:
            return [wire.message("engine", "rendered", self.odd[kind], id)]
        try:
            type, answer = self._answer(kind, body)
        except SaturnError as error:
            return [wire.message("engine", "error", {"error": failure_of(error)}, id)]
        return [wire.message("engine", type, answer, id)]

    def _answer(self, kind: str, body: Json) -> tuple[str, Json]:
        if kind in ("hello", "state"):
            return "state", {"state": self.state}
        if kind == "render":
            view = " of ".join([body["view"], *filter(None, [", ".join(body.get("tasks", []))])])
            return "rendered", {"text": f"the {view}", "html": f"<b>the {view}</b>"}
        if kind == "export":
            return "exported", {"text": f"the {body['format']}, “as is”\r\n"}
        if kind == "tasks.add":
            names = [spec["name"] for spec in body["tasks"]]
            kept = [task for task in self.state["tasks"] if task["spec"]["name"] not in names]
            self.change(tasks=kept + [self._task(spec, "inspecting") for spec in body["tasks"]])
            rev = self.state["rev"]
            self.change(tasks=kept + [self._built(spec) for spec in body["tasks"]])
            return "tasks.added", {"rev": rev, "added": names, "unchanged": [], "replaced": []}
        if kind == "tasks.clone":
            self.change()
            return "tasks.added", {
                "rev": self.state["rev"], "added": ["clone"], "unchanged": [], "replaced": []
            }  # fmt: skip
        if kind == "plan":
            self.change(goal="plan")
            self.change(goal="none", plan={"plan": PLAN, "madeAt": 1, "fresh": True})
        elif kind in ("profile", "run"):
            self.change(goal=kind)
            if kind == "profile":
                self.change(goal="none")
        elif kind == "stop":
            self.change(goal="none")
        elif kind == "reset":
            self.change(tasks=[])
        elif kind == "techniques.set":
            gone = {*body.get("remove", ()), *(spec["name"] for spec in body["techniques"])}
            kept = [spec for spec in self.state.get("techniques", ()) if spec["name"] not in gone]
            self.change(
                techniques=[*kept, *body["techniques"]],
                tasks=[{**task, **self.inspect(task["spec"])} for task in self.state["tasks"]],
            )
        elif kind != "ping":
            self.change()
        return "ok", {"rev": self.state["rev"]}

    def _task(self, spec: Json, status: str) -> Json:
        return {"spec": spec, "status": status, "attempts": [], "progress": {"step": 0}}

    def _built(self, spec: Json) -> Json:
        return {**self._task(spec, "ready"), **self.inspect(spec)}


class FakeLauncher:
    """Starts fake engines in place of agents."""

    def __init__(self, folder: Path) -> None:
        self.endpoint = f"ipc://{folder / 'e.sock'}"
        self.engine: FakeEngine | None = None
        self.running = False
        self.starts = 0

    def ensure(self, paths: SessionPaths) -> str:
        if not self.running:
            self.running = True
            self.starts += 1
            paths.journal.touch()
            self.engine = FakeEngine(self.endpoint)
        return self.endpoint

    def alive(self, _: SessionPaths) -> bool:
        return self.running

    def die(self) -> None:
        """The agent dies, and its engine with it."""
        self.running = False
        self.stop()

    def stop(self) -> None:
        if self.engine is not None:
            self.engine.stop()
