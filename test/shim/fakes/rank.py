"""A rank without torch that does what its task says: ``python rank.py REQUEST RANK``.

The task's parameter ``rank<r>`` (or ``ranks``, for all) is a list of acts, split by ``;``.
"""

from __future__ import annotations

import ctypes
import faulthandler
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


class FakeRank:
    def __init__(self, path: str, rank: int) -> None:
        self.request: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        self.path = Path(path)
        self.rank = rank
        self.of: str | None = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.connect(self.request["events"])

    def play(self) -> None:
        for task in self.request.get("tasks") or [self.request["task"]]:
            acts = task["params"].get(f"rank{self.rank}", task["params"].get("ranks", ""))
            for act in str(acts).split(";"):
                name, _, argument = act.strip().partition(" ")
                if name:
                    getattr(self, f"do_{name}")(argument, task)

    def say(self, kind: str, **fields: Any) -> None:
        event = {"job": self.request["job"], "rank": self.rank, "kind": kind, **fields}
        if self.of is not None:
            event["task"] = self.of
        self.socket.send(json.dumps({"time": time.time(), **event}).encode())

    def do_of(self, name: str, _: Any) -> None:
        """Speak of one of several tasks from now on; of none without a name."""
        self.of = name or None

    def do_heed(self, name: str, _: Any) -> None:
        """Go on once one of several tasks is to leave."""
        while True:
            request = json.loads(self.path.read_text("utf-8"))
            if any(
                order["task"]["name"] == name and order.get("stop")
                for order in (request, *request["fused"])
            ):
                return
            time.sleep(0.01)

    def do_fails(self, message: str, _: Any) -> None:
        """One of several tasks fails, and the others go on."""
        self.say("failed", error={"code": "task-failed", "message": message})

    def do_env(self, name: str, _: Any) -> None:
        self.do_print(str(os.environ.get(name)), _)

    def do_started(self, step: str, _: Any) -> None:
        self.say("started", step=int(step))

    def do_step(self, step: str, _: Any) -> None:
        self.say("step", step=int(step), loss=0.5, stepSeconds=0.01)

    def do_validated(self, step: str, _: Any) -> None:
        self.say("validated", step=int(step), metrics={"accuracy": 0.75, "odd": None})

    def do_checkpoint(self, step: str, _: Any) -> None:
        self.say("checkpoint", step=int(step))

    def do_finished(self, step: str, _: Any) -> None:
        self.say("finished", step=int(step), result={"loss": 0.25, "metrics": {"accuracy": 0.5}})

    def do_stopped(self, step: str, _: Any) -> None:
        self.say("stopped", step=int(step))

    def do_trial(self, seconds: str, _: Any) -> None:
        cell = {
            "signature": self.request["signature"],
            "strategy": self.request["strategy"],
            "status": "ok",
            "source": "measured",
            "stepSeconds": float(seconds),
        }
        self.say("trial", cell=cell)

    def do_inspected(self, _: str, task: Any) -> None:
        inspection = {
            "signature": "s",
            "steps": 2,
            "stepsPerEpoch": 2,
            "samples": 8,
            "batchSize": 4,
            "parameters": 10,
            "feasibility": [],
            "warnings": [],
        }
        result = {"task": task["name"], "hash": task["hash"], "inspection": inspection}
        self.say("inspected", result=result)

    def do_died(self, code: str, task: Any) -> None:
        """Tell that the process which inspected a task is gone."""
        self.say("died", task=task["name"], code=int(code))

    def do_oom(self, message: str, _: Any) -> None:
        self.say("oom", error={"code": "out-of-memory", "message": message})
        sys.exit(1)

    def do_failed(self, message: str, _: Any) -> None:
        self.say("failed", error={"code": "task-failed", "message": message})
        sys.exit(1)

    def do_lost(self, code: str, _: Any) -> None:
        self.say("lost", error={"code": code, "message": f"Not my fault: {code}."})
        sys.exit(1)

    def do_noise(self, _: str, __: Any) -> None:
        job = self.request["job"]
        for data in (b"\xff", b"[]", b'{"job": 3}', json.dumps({"job": job}).encode()):
            self.socket.send(data)

    def do_kernel(self, place: str, _: Any) -> None:
        """Fail by a kernel, at a place that is known only where each is waited for."""
        told = place if self.request.get("launchBlocking") else "elsewhere"
        message = "RuntimeError: CUDA error: device-side assert triggered"
        error = {"code": "training-failed", "message": message, "traceback": told}
        self.say("failed", error=error)
        sys.exit(1)

    def do_exit(self, code: str, _: Any) -> None:
        os._exit(int(code))

    def do_leave(self, code: str, _: Any) -> None:
        """Exit once told to stop."""
        signal.signal(signal.SIGTERM, lambda *_: os._exit(int(code)))

    def do_kill(self, number: str, _: Any) -> None:
        os.kill(os.getpid(), int(number))

    def do_once(self, argument: str, _: Any) -> None:
        mark, number = argument.rsplit(" ", 1)
        if not Path(mark).exists():
            Path(mark).touch()
            os.kill(os.getpid(), int(number))

    def do_first(self, mark: str, _: Any) -> None:
        """Go on the first time; be killed when it comes here again."""
        if Path(mark).exists():
            os.kill(os.getpid(), signal.SIGKILL)
        Path(mark).touch()

    def do_orphan(self, argument: str, _: Any) -> None:
        """Be lost with the zygote, so many times."""
        mark, times = argument.rsplit(" ", 1)
        before = len(Path(mark).read_text()) if Path(mark).exists() else 0
        parent = os.getppid()
        is_zygote = b"zygote.py" in Path(f"/proc/{parent}/cmdline").read_bytes()
        if is_zygote and before < int(times):
            Path(mark).write_text("x" * (before + 1))
            os.kill(parent, signal.SIGKILL)
            time.sleep(300)

    def do_await(self, mark: str, _: Any) -> None:
        """Go on once a file is there."""
        while not Path(mark).exists():
            time.sleep(0.01)

    def do_pause(self, mark: str, _: Any) -> None:
        """Go on only if it was here before."""
        if not Path(mark).exists():
            Path(mark).touch()
            time.sleep(300)

    def do_print(self, text: str, _: Any) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def do_stacks(self, _: str, __: Any) -> None:
        faulthandler.register(signal.SIGUSR1, all_threads=False)

    def do_deaf(self, _: str, __: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def do_obey(self, step: str, _: Any) -> None:
        def stop(*_: object) -> None:
            if self.rank == 0:
                self.say("stopped", step=int(step))
            sys.exit(0)

        signal.signal(signal.SIGTERM, stop)

    def do_helper(self, _: str, __: Any) -> None:
        subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(300)"])

    def do_sleep(self, seconds: str, _: Any) -> None:
        time.sleep(float(seconds))


def main(path: str, rank: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    FakeRank(path, rank).play()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
