"""Groups on GPUs: they may hang before their first word, be aborted, and not die."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import psutil
import pytest
import torch
import torch.distributed as dist
from fakes.bench import HERE, Json, session, task
from jupyterlab_saturn.agent import job_context, rank_process
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.group_outcome import GroupOutcome
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.agent.training_job import TrainingJob
from jupyterlab_saturn.agent.trial_job import TrialJob
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.paths import events_socket
from jupyterlab_saturn.training.runtime.process_group import ProcessGroup

GPUS: list[Any] = [
    {"id": f"cuda{n}", "kind": "cuda", "name": "GPU", "memoryBytes": 10**10, "uuid": f"GPU-{n}"}
    for n in range(2)
]
DDP = {"technique": "ddp", "devices": 2}
TRAINING = {"attempt": 1, "steps": 8, "strategy": DDP, "checkpointSeconds": 60}


@contextlib.asynccontextmanager
async def place(
    limits: Limits, said: list[tuple[str, Json]] | None = None
) -> AsyncIterator[JobContext]:
    with session() as (paths, _):
        paths.ensure_runtime()
        launcher = RankLauncher(
            paths.zygote_log,
            rank_command=[sys.executable, str(HERE / "rank.py")],
            zygote_command=[sys.executable, str(HERE / "zygote.py"), "unsafe"],
        )
        events = EventReceiver(events_socket(paths.runtime))
        heard = [] if said is None else said
        try:
            yield JobContext(
                paths=paths,
                launcher=launcher,
                events=events,
                say=lambda message: heard.append((message["type"], dict(message["body"]))),
                leases=DeviceLeases(paths),
                surroundings=SurroundingsRegistry(paths, events),
                limits=limits,
            )
        finally:
            await launcher.close()
            events.close()


def tell(limits: Limits, kind: str = "train", **acts: str) -> tuple[GroupOutcome, Json]:
    """How a group of two ended, and what its ranks were asked."""

    async def main() -> tuple[GroupOutcome, Json]:
        async with place(limits) as here:
            request = {"kind": kind, "task": task(**acts), "devices": GPUS, "steps": 8}
            request |= {"patienceSeconds": 0.3} if "patience" in acts else {}
            folder = here.paths.attempt("t", 1)
            group = here.group(request, folder, 2, heard=lambda event: None)
            outcome = await group.run(5.0 if kind == "trial" else None)
            return outcome, json.loads((folder / "request.json").read_text())

    return asyncio.run(main())


def test_ranks_that_never_say_a_word_are_noticed() -> None:
    outcome, _ = tell(Limits(start=1.0, stacks=0.3), ranks="sleep 300")
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "rank-hung")
    assert outcome.error is not None
    assert outcome.error["message"].startswith("The first step did not begin within 1 seconds")


def test_a_first_step_that_began_is_waited_for_no_more() -> None:
    async def main() -> None:
        async with place(Limits(start=60.0, silence=120.0)) as here:
            request = {"kind": "train", "task": task(), "devices": GPUS, "steps": 8}
            folder = here.paths.attempt("t", 1)
            group = here.group(request, folder, 2, heard=lambda event: None)
            group._silence.begin(None)
            first = group._silence._timer
            group._hear({"kind": "started", "rank": 0, "step": 0})  # type: ignore[typeddict-item]
            assert first is not None and first.cancelled()
            second = group._silence._timer
            assert second is not None and second.when() > first.when() + 50
            second.cancel()

    asyncio.run(main())


def test_nccl_is_told_how_long_the_agent_waits() -> None:
    _, request = tell(Limits(start=7.0, silence=9.0), ranks="finished 8", patience="")
    assert (request["silenceSeconds"], request["patienceSeconds"]) == (9.0, 0.3)
    _, request = tell(Limits(start=3.0, silence=9.0), "trial", ranks="trial 1", signature="s")
    assert request["silenceSeconds"] == 5.0


def test_a_rank_that_was_aborted_shows_where_the_others_were() -> None:
    outcome, _ = tell(
        Limits(last_words=0.1, stacks=0.5),
        rank0="print Watchdog caught collective operation timeout;sleep 0.5;kill 6",
        rank1="stacks;sleep 300",
    )
    assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", "rank-hung")
    assert outcome.error is not None
    assert "do_sleep" in outcome.error["traceback"].partition("rank 1:")[2]


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_gpu_of_a_rank_that_does_not_die_is_not_given_away(kind: str) -> None:
    spared: list[int] = []

    def kill(ranks: Any) -> None:
        """As of a process that waits for a driver: it does nothing."""
        spared.extend(rank.pid for rank in ranks if rank.pid not in spared)

    async def main() -> None:
        async with place(Limits(silence=0.3, stacks=0.1)) as here:
            devices = [{**gpu, "kind": kind, "cores": [n]} for n, gpu in enumerate(GPUS)]
            hangs = task(rank0="stacks;started 0;sleep 300", rank1="stacks;sleep 300")
            request = {"kind": "train", "task": hangs, "devices": devices, "steps": 8}
            group = here.group(request, here.paths.attempt("t", 1), 2, heard=lambda event: None)
            outcome = await here.run(group, devices)
            code = "device-lost" if kind == "cuda" else "rank-hung"
            assert (outcome.kind, outcome.error and outcome.error["code"]) == ("lost", code)
            other = DeviceLeases(here.paths)
            with pytest.raises(SaturnError, match="is in use"), other.hold(devices):
                pass
            for pid in spared:
                psutil.Process(pid).kill()
            for _ in range(100):
                await asyncio.sleep(0.05)
                with contextlib.suppress(SaturnError), other.hold(devices):
                    return
            pytest.fail("The devices stay held though the processes are gone.")

    with (
        mock.patch.object(rank_process, "kill", kill),
        mock.patch("jupyterlab_saturn.agent.rank_group.kill", kill),
        mock.patch.object(rank_process, "_GONE_SECONDS", 0.2),
        mock.patch.object(job_context, "_LOOK_SECONDS", 0.05),
    ):
        asyncio.run(main())


def report(act: Callable[[JobContext, Any], Any]) -> Json:
    """The last thing that a job on two GPUs says."""
    said: list[tuple[str, Json]] = []

    async def main() -> None:
        async with place(Limits(last_words=0.2, leave=0.5), said) as here:
            await act(here, {"id": "node", "devices": GPUS}).run()

    asyncio.run(main())
    return said[-1][1]


def try_out(**acts: str) -> Json:
    """The cell of a trial on two GPUs."""

    def trial(here: JobContext, node: Any) -> TrialJob:
        body = {"task": task(**acts), "signature": "s", "strategy": DDP}
        rest = {"trial": "trial-1", "devices": ["cuda0", "cuda1"], "deadlineSeconds": 60}
        return TrialJob(here, {**body, **rest}, node)  # type: ignore[typeddict-item]

    cell: Json = report(trial)["cell"]
    return cell


def test_a_trial_on_a_device_that_fails_is_not_made_again() -> None:
    cell = try_out(rank0="sleep 9", rank1="lost device-shared")
    assert (cell["status"], cell["error"]["code"]) == ("failed", "device-shared")
    assert cell["error"]["devices"] == ["cuda1"]


def test_a_kernel_that_fails_is_found_by_waiting_for_each() -> None:
    cell = try_out(rank0="kernel in forward", rank1="sleep 9")
    assert (cell["status"], cell["error"]["code"]) == ("failed", "training-failed")
    assert cell["error"]["traceback"] == "in forward"
    assert "CUDA_LAUNCH_BLOCKING" not in cell["error"]["hint"]


def test_a_kernel_that_fails_once_stays_where_it_was(tmp_path: Path) -> None:
    """The second time its process is killed: nothing more is known."""
    mark = tmp_path / "mark"
    cell = try_out(rank0=f"first {mark};kernel in forward", rank1="sleep 9")
    assert cell["error"]["traceback"] == "elsewhere"


def test_training_on_a_device_that_fails_tells_which() -> None:
    def training(here: JobContext, node: Any) -> TrainingJob:
        acts = {"rank0": "started 0;lost device-lost", "rank1": ""}
        body = {**TRAINING, "task": task(**acts), "devices": ["cuda1", "cuda0"]}
        return TrainingJob(here, body, node)  # type: ignore[arg-type]

    event = report(training)
    assert (event["kind"], event["error"]["code"]) == ("lost", "device-lost")
    assert event["error"]["devices"] == ["cuda1"]


@pytest.mark.parametrize(
    ("patience", "silence", "gloo", "nccl"),
    [
        (0.0, 1800.0, 180.0, 2700.0),
        (1120.0, 1800.0, 1120.0, 2700.0),
        (4000.0, 600.0, 4000.0, 6000.0),
    ],
)
def test_nccl_waits_longer_than_whoever_may_ask_for_stacks(
    tmp_path: Path, patience: float, silence: float, gloo: float, nccl: float
) -> None:
    backend = mock.Mock()
    group = SimpleNamespace(_get_backend=lambda device: backend)
    with (
        mock.patch.dict(os.environ),
        mock.patch.object(dist, "init_process_group") as init,
        mock.patch.object(dist.distributed_c10d, "_get_default_group", lambda: group),
    ):
        ProcessGroup.join(
            0,
            2,
            torch.device("cuda", 0),
            tmp_path / "rendezvous",
            patience=patience,
            silence=silence,
        )
        assert os.environ["NCCL_DEBUG"] == "WARN"
    assert init.call_args.kwargs["timeout"] == timedelta(seconds=gloo)
    backend._set_default_timeout.assert_called_once_with(timedelta(seconds=nccl))
