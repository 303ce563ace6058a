from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.bench import HERE, Json, session, task
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent import inspection_job
from jupyterlab_saturn.agent.agent_jobs import AgentJobs
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.event_receiver import EventReceiver
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.group_outcome import SOCKETS_LOST, ZYGOTE_LOST, GroupOutcome
from jupyterlab_saturn.agent.inspection_job import InspectionJob
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_group import RankGroup
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.agent.rank_surroundings import SurroundingsRegistry
from jupyterlab_saturn.agent.session_network import SessionNetwork
from jupyterlab_saturn.agent.training_job import TrainingJob
from jupyterlab_saturn.agent.trial_job import TrialJob
from jupyterlab_saturn.paths import events_socket
from waiting import SECONDS, eventually

NODE = {
    "id": "here",
    "devices": [
        {
            "id": f"cpu{n}",
            "kind": "cpu",
            "name": "CPU",
            "memoryBytes": (n + 1) << 30,
            "cores": [0],
        }
        for n in range(2)
    ],
}
MINE = [{"name": "mine", "target": "my.module:Mine"}]


class Said(list[tuple[str, Json]]):
    """What a job said to the engine, each word valid on the wire."""

    def __call__(self, message: Json) -> None:
        wire.encode("agent", message)
        self.append((message["type"], message["body"]))


@contextlib.asynccontextmanager
async def place() -> AsyncIterator[tuple[JobContext, Said]]:
    with session() as (paths, _):
        runtime = paths.ensure_runtime()
        launcher = RankLauncher(
            paths.zygote_log,
            rank_command=[sys.executable, str(HERE / "rank.py")],
            zygote_command=[sys.executable, str(HERE / "zygote.py"), "ready"],
        )
        events = EventReceiver(events_socket(paths.runtime))
        said = Said()
        limits = Limits(
            last_words=0.2, stacks=0.3, leave=0.5, silence=1.0, silence_steps=2.0, again=0.01
        )
        try:
            yield (
                JobContext(
                    paths=paths,
                    launcher=launcher,
                    events=events,
                    say=said,
                    leases=DeviceLeases(paths),
                    surroundings=SurroundingsRegistry(paths, events),
                    limits=limits,
                ),
                said,
            )
            assert [path.name for path in runtime.iterdir()] == ["events.sock"]
        finally:
            await launcher.close()
            events.close()


def inspect(*tasks: Json) -> list[Json]:
    async def main() -> Said:
        async with place() as (here, said):
            inspection = InspectionJob(here, {"tasks": tasks, "maxDevices": 2}, NODE)
            assert inspection.tasks == [one["name"] for one in tasks]
            await inspection.run()
            assert inspection.tasks == []
            return said

    said = asyncio.run(main())
    return results_of(said)


def results_of(said: Said) -> list[Json]:
    """The results of inspections, in the order in which they were told."""
    assert {type for type, _ in said} <= {"inspect.results"}
    return [result for _, body in said for result in body["results"]]


def try_out(**acts: str | float) -> Json:
    deadline = float(acts.pop("deadline", 60.0))
    devices = str(acts.pop("devices", "cpu0 cpu1")).split()

    async def main() -> Said:
        async with place() as (here, said):
            body = {
                "trial": "trial-1",
                "task": task(**acts),
                "signature": "sig",
                "strategy": {"technique": "ddp", "devices": 2},
                "devices": devices,
                "deadlineSeconds": deadline,
            }
            trial = TrialJob(here, body, NODE)
            assert trial.id == "trial-1"
            await trial.run()
            return said

    [(type, body)] = asyncio.run(main())
    assert (type, body["trial"]) == ("trial.result", "trial-1")
    cell: Json = body["cell"]
    assert (cell["signature"], cell["source"]) == ("sig", "measured")
    assert cell["strategy"] == {"technique": "ddp", "devices": 2}
    return cell


def test_a_trial_that_is_stopped_leaves_no_rank_and_no_cell() -> None:
    async def main() -> None:
        async with place() as (here, said):
            body = {
                "trial": "trial-1",
                "task": task(ranks="deaf;helper;print here;sleep 300"),
                "signature": "sig",
                "strategy": {"technique": "ddp", "devices": 2},
                "devices": ["cpu0", "cpu1"],
                "deadlineSeconds": 600,
            }
            trial = TrialJob(here, body, NODE)
            running = asyncio.create_task(trial.run())
            logs = [here.paths.trial("trial-1") / f"rank{rank}.log" for rank in range(2)]
            await eventually(
                lambda: all(log.exists() and "here" in log.read_text() for log in logs)
            )
            trial.stop()
            trial.stop()
            async with asyncio.timeout(SECONDS):
                await running
            assert said == [("trial.result", {"trial": "trial-1"})]
            with here.leases.hold(NODE["devices"]):
                pass

    asyncio.run(main())


def test_a_trial_stopped_before_it_began_is_over() -> None:
    async def main() -> None:
        async with place() as (here, said):
            trial = TrialJob(here, {"trial": "x", "task": task()}, NODE)
            trial.stop()
            await trial.run()
            assert said == [("trial.result", {"trial": "x"})]

    asyncio.run(main())


def test_a_job_that_is_stopped_and_cancelled_ends() -> None:
    async def main() -> None:
        async with place() as (here, said):
            tasks = [task("a", ranks="sleep 300"), task("b", ranks="sleep 300")]
            inspection = InspectionJob(here, {"tasks": tasks, "maxDevices": 1}, NODE)
            running = asyncio.create_task(inspection.run())
            await asyncio.sleep(0.3)
            inspection.stop(["a"])
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert said == []

    asyncio.run(main())


def test_inspections_that_are_given_up_do_not_keep_the_others_waiting() -> None:
    async def main() -> None:
        async with place() as (here, said):
            tasks = [
                task("a", ranks="inspected"),
                task("b", ranks="deaf;sleep 300"),
                task("c", ranks="inspected"),
                task("d", ranks="sleep 300"),
            ]
            inspection = InspectionJob(here, {"tasks": tasks, "maxDevices": 2}, NODE)
            running = asyncio.create_task(inspection.run())
            await eventually(lambda: len(results_of(said)) == 1)
            inspection.stop(["b", "a", "unknown"])
            await eventually(lambda: len(results_of(said)) == 2)
            inspection.stop(["d"])
            async with asyncio.timeout(SECONDS):
                await running
            assert [result["task"] for result in results_of(said)] == ["a", "c"]
            assert all("inspection" in result for result in results_of(said))
            assert inspection.tasks == []

    asyncio.run(main())


def train(order: Json | None = None, **acts: str) -> list[Json]:
    grace = acts.pop("stop", None)

    async def main() -> Said:
        async with place() as (here, said):
            body = {
                "task": task(**acts),
                "attempt": 3,
                "steps": 8,
                "strategy": {"technique": "ddp", "devices": 2},
                "devices": ["cpu1", "cpu0"],
                "checkpointSeconds": 60,
                "stepSeconds": 0.5,
                **(order or {}),
            }
            attempt = TrainingJob(here, body, NODE)
            running = asyncio.create_task(attempt.run())
            if grace is not None:
                while len(said) < 2:
                    await asyncio.sleep(0.01)
                attempt.stop(float(grace))
            await running
            return said

    said = asyncio.run(main())
    assert {type for type, _ in said} == {"group.event"}
    assert {(body["task"], body["attempt"]) for _, body in said} == {("t", 3)}
    return [body for _, body in said]


@pytest.mark.parametrize("seconds", [-1.0, 60.0])
def test_what_is_wanted_first_of_a_task_is_not_looked_for_twice(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """It is taken over from who has just begun, and left to who has been at it for a while."""
    monkeypatch.setattr(inspection_job, "_SHORT_SECONDS", seconds)
    tasks = [task(name, ranks="inspected") for name in ("a", "b")]

    async def main() -> list[Json]:
        async with place() as (here, said):
            jobs = AgentJobs(here)
            jobs.inspect({"tasks": tasks, "maxDevices": 2}, NODE)
            await asyncio.sleep(0)
            jobs.inspect(
                {"tasks": [*tasks, task("c", ranks="inspected")], "maxDevices": 2, "part": "first"},
                NODE,
            )
            while jobs.report([])["inspecting"]:
                await asyncio.sleep(0.01)
            await jobs.end()
            return results_of(said)

    results = asyncio.run(asyncio.wait_for(main(), SECONDS))
    assert sorted(result["task"] for result in results) == ["a", "b", "c"]
    assert all("error" not in result for result in results)


def test_every_task_is_inspected_by_one_process() -> None:
    results = inspect(*(task(f"t{n}", ranks="inspected") for n in range(3)))
    assert [result["task"] for result in results] == ["t0", "t1", "t2"]
    assert all("inspection" in result and "error" not in result for result in results)


def test_a_task_that_ends_the_process_gets_the_blame_and_no_other() -> None:
    results = inspect(
        task("a", ranks="inspected"),
        task("b", ranks="kill 9"),
        task("c", ranks="inspected"),
        task("d", ranks="exit 0"),
        task("e", ranks="inspected"),
    )
    by_task = {result["task"]: result for result in results}
    assert len(results) == 5
    assert [name for name in by_task if "inspection" in by_task[name]] == ["a", "c", "e"]
    assert by_task["b"]["error"]["code"] == "rank-lost"
    assert by_task["b"]["error"]["hint"].endswith("Have it built again with %saturn retry b.")
    assert by_task["d"]["error"]["code"] == "not-inspected"
    assert by_task["d"]["hash"] == "hash-of-d"


def test_an_inspection_killed_once_is_done_again(tmp_path: Path) -> None:
    results = inspect(
        task("a", ranks="inspected"),
        task("b", ranks=f"once {tmp_path / 'mark'} 9;inspected"),
        task("c", ranks="inspected"),
    )
    assert [result["task"] for result in results] == ["a", "b", "c"]
    assert all("inspection" in result for result in results)


def test_a_process_killed_once_beside_others_gets_one_more(tmp_path: Path) -> None:
    results = inspect(
        task("a", ranks="inspected"),
        task("b", ranks="died -9"),
        task("c", ranks="died 0"),
        task("d", ranks="inspected"),
    )
    by_task = {result["task"]: result for result in results}
    assert [result["task"] for result in results] == ["a", "c", "d", "b"]
    assert by_task["b"]["error"]["code"] == "rank-lost"
    assert by_task["c"]["error"]["code"] == "not-inspected"


def test_when_nothing_can_be_inspected_all_are_told_why() -> None:
    results = inspect(*(task(f"t{n}", ranks="failed no torch") for n in range(6)))
    assert [result["error"]["message"] for result in results] == ["no torch"] * 6


def test_a_trial_gives_its_cell() -> None:
    assert try_out(rank0="trial 0.25")["stepSeconds"] == 0.25


def test_a_trial_out_of_memory_is_infeasible() -> None:
    cell = try_out(rank0="sleep 300", rank1="oom no memory")
    assert (cell["status"], cell["error"]["message"]) == ("oom", "no memory")


def test_a_trial_with_an_error_has_failed() -> None:
    cell = try_out(rank0="sleep 300", rank1="failed ValueError")
    assert (cell["status"], cell["error"]["message"]) == ("failed", "ValueError")


def test_a_lost_trial_has_failed() -> None:
    cell = try_out(rank0="kill 9", rank1="sleep 300")
    assert (cell["status"], cell["error"]["code"]) == ("failed", "trial-lost")


def test_a_trial_killed_once_is_made_again(tmp_path: Path) -> None:
    cell = try_out(rank0=f"once {tmp_path / 'mark'} 9;trial 0.25", rank1="")
    assert (cell["status"], cell["stepSeconds"]) == ("ok", 0.25)


def test_a_hung_trial_has_failed() -> None:
    cell = try_out(ranks="stacks;sleep 300", deadline=0.7)
    assert (cell["status"], cell["error"]["code"]) == ("failed", "trial-timeout")


@pytest.mark.parametrize("devices", ["cpu0 cpu7", "cpu0", "cpu0 cpu0", "cpu0 cpu1 cpu1"])
def test_a_trial_on_devices_that_are_not_there_has_failed(devices: str) -> None:
    cell = try_out(rank0="trial 1", devices=devices)
    assert (cell["status"], cell["error"]["code"]) == ("failed", "unknown-device")


def test_a_malformed_cell_is_a_failure() -> None:
    cell = try_out(rank0="trial -1")
    assert (cell["status"], cell["error"]["code"]) == ("failed", "bad-message")


def test_training_is_told_from_start_to_finish() -> None:
    events = train(rank0="started 0;step 4;validated 4;checkpoint 8;finished 8")
    assert [(event["kind"], event.get("step")) for event in events] == [
        ("started", 0),
        ("step", 4),
        ("validated", 4),
        ("checkpoint", 8),
        ("finished", 8),
    ]
    assert events[1]["loss"] == 0.5 and events[1]["stepSeconds"] == 0.01
    assert events[2]["metrics"] == {"accuracy": 0.75, "odd": None}
    assert events[4]["result"] == {"loss": 0.25, "metrics": {"accuracy": 0.5}}


@pytest.mark.parametrize(
    ("acts", "kind", "code"),
    [
        ("failed ValueError", "failed", "task-failed"),
        ("oom no memory", "oom", "out-of-memory"),
        ("kill 9", "lost", "rank-lost"),
        ("exit 5", "failed", "rank-failed"),
        ("exit 0", "failed", "no-result"),
        ("lost loader-died", "lost", "loader-died"),
    ],
)
def test_training_ends_badly_once(acts: str, kind: str, code: str) -> None:
    events = train(rank0=f"started 0;step 1;{acts}", rank1="")
    assert [event["kind"] for event in events] == ["started", "step", kind]
    assert events[-1]["error"]["code"] == code


def test_training_that_makes_no_step_any_more_is_lost_with_its_stacks() -> None:
    events = train(ranks="stacks;started 0;step 1;sleep 300", rank1="stacks;sleep 300")
    assert [event["kind"] for event in events] == ["started", "step", "lost"]
    assert events[-1]["error"]["code"] == "rank-hung"
    assert events[-1]["error"]["traceback"].count("do_sleep") == 2


def test_ranks_that_wait_in_vain_are_lost_with_the_stacks_of_all() -> None:
    events = train(rank0="sleep 1;lost rank-hung", rank1="stacks;sleep 300")
    assert [event["kind"] for event in events] == ["lost"]
    error = events[-1]["error"]
    assert (error["code"], error["message"]) == ("rank-hung", "Not my fault: rank-hung.")
    assert "do_sleep" in error["traceback"].partition("rank 1:")[2]


def test_a_rank_that_stands_still_is_lost() -> None:
    events = train(rank0=f"started 0;step 1;kill {int(signal.SIGSTOP)}", rank1="")
    assert [event["kind"] for event in events] == ["started", "step", "lost"]


def test_what_follows_the_last_step_may_take_long() -> None:
    events = train(rank0="started 0;step 8;sleep 1.5;checkpoint 8;sleep 1.5;finished 8")
    assert events[-1]["kind"] == "finished"


@pytest.mark.parametrize(("evaluates", "end"), [(True, "stopped"), (False, "lost")])
def test_an_evaluation_where_tasks_wait_for_each_other_may_take_long(
    evaluates: bool, end: str
) -> None:
    events = train(
        {"until": 4, "evaluates": evaluates},
        rank0="started 0;step 4;checkpoint 4;sleep 1.5;validated 4;stopped 4",
        rank1="",
    )
    assert events[-1]["kind"] == end


def test_a_malformed_last_word_is_a_failure() -> None:
    events = train(rank0="started 0;step -3;finished -1")
    assert [event["kind"] for event in events] == ["started", "failed"]
    assert events[-1]["error"]["code"] == "bad-message"


def test_training_is_stopped() -> None:
    events = train(ranks="obey 5;started 0;sleep 300", stop="60")
    assert (events[-1]["kind"], events[-1]["step"]) == ("stopped", 5)


def test_training_is_stopped_by_force() -> None:
    events = train(rank0="deaf;started 0;checkpoint 4;sleep 300", rank1="", stop="0.1")
    assert (events[-1]["kind"], events[-1]["step"]) == ("stopped", 4)


def written(job: Callable[[JobContext], Awaitable[None]], file: str) -> Json:
    """The request that a job wrote down for its ranks."""

    async def main() -> Json:
        async with place() as (here, _):
            await job(here)
            text = next(here.paths.folder.glob(file)).read_text("utf-8")
            request: Json = json.loads(text)
            return request

    return asyncio.run(main())


def test_ranks_are_told_of_the_users_techniques() -> None:
    body = {
        "task": task(ranks="finished 1"),
        "strategy": {"technique": "mine", "devices": 1},
        "devices": ["cpu0"],
        "techniques": MINE,
    }
    training = {**body, "attempt": 1, "steps": 1, "checkpointSeconds": 60}
    trial = {**body, "trial": "x", "signature": "s", "deadlineSeconds": 60}
    request = written(
        lambda here: TrainingJob(here, training, NODE).run(), "tasks/t/*/request.json"
    )
    assert request["techniques"] == MINE
    request = written(lambda here: TrialJob(here, trial, NODE).run(), "trials/x/request.json")
    assert request["techniques"] == MINE


@pytest.mark.parametrize("body", [{}, {"explores": True}])
def test_ranks_are_told_whether_their_strategy_is_known(body: Json) -> None:
    training = {
        "task": task(ranks="finished 1"),
        "strategy": {"technique": "single", "devices": 1},
        "devices": ["cpu0"],
        "attempt": 1,
        "steps": 1,
        "checkpointSeconds": 60,
        **body,
    }
    request = written(
        lambda here: TrainingJob(here, training, NODE).run(), "tasks/t/*/request.json"
    )
    assert request.get("explores") == body.get("explores")


def test_an_inspection_knows_the_devices_and_the_users_techniques(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests: list[Json] = []
    complete = JobContext.group

    def group(here: JobContext, request: Json, *args: Any, **options: Any) -> RankGroup:
        requests.append(request)
        return complete(here, request, *args, **options)

    monkeypatch.setattr(JobContext, "group", group)

    async def main() -> None:
        async with place() as (here, _):
            body = {"tasks": [task(ranks="inspected")], "maxDevices": 2, "techniques": MINE}
            gpus = zip(NODE["devices"], [8.6, 7.5], strict=False)
            node = {**NODE, "devices": [{**one, "computeCapability": is_} for one, is_ in gpus]}
            await InspectionJob(here, body, node).run()

    asyncio.run(main())
    [request] = requests
    assert request["techniques"] == MINE
    assert request["computeCapability"] == 7.5
    assert (request["deviceKind"], request["deviceBytes"]) == ("cpu", 1 << 30)


def test_the_devices_of_the_request_are_in_the_order_asked_for() -> None:
    async def main() -> None:
        async with place() as (here, said):
            body = {
                "task": task(ranks="finished 1"),
                "attempt": 1,
                "steps": 1,
                "strategy": {"technique": "ddp", "devices": 2},
                "devices": ["cpu1", "cpu0"],
                "checkpointSeconds": 60,
            }
            await TrainingJob(here, body, NODE).run()
            request = (here.paths.attempt("t", 1) / "request.json").read_text()
            assert request.index('"cpu1"') < request.index('"cpu0"')
            assert said[-1][1]["kind"] == "finished"

    asyncio.run(main())


def test_losses_with_the_zygote_are_nobodys_fault(tmp_path: Path) -> None:
    cell = try_out(rank0=f"orphan {tmp_path / 'trial'} 2;trial 0.25", rank1="")
    assert (cell["status"], cell["stepSeconds"]) == ("ok", 0.25)
    # A zygote that dies before it has told of a rank has that start cold, as nobody's orphan.
    assert (tmp_path / "trial").read_text() in ("x", "xx")
    results = inspect(task("a", ranks=f"orphan {tmp_path / 'inspection'} 2;inspected"))
    assert ["inspection" in result for result in results] == [True]


@pytest.mark.parametrize("code", [ZYGOTE_LOST, SOCKETS_LOST])
def test_losses_with_what_is_the_agents_are_not_repeated_for_ever(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    ran: list[str] = []

    async def lose(self: JobContext, group: RankGroup, *_: object) -> GroupOutcome:
        ran.append(group.job)
        return GroupOutcome("lost", error={"code": code, "message": "Gone."})

    monkeypatch.setattr(JobContext, "run", lose)
    cell = try_out(rank0="trial 0.25", rank1="")
    assert (cell["status"], cell["error"]["code"]) == ("failed", code)
    assert len(ran) == 1 + 3
    ran.clear()
    results = inspect(*(task(f"t{n}", ranks="inspected") for n in range(5)))
    assert [result["error"]["code"] for result in results] == [code] * 5
    assert len(ran) <= 1 + 3 + 2


def test_a_tasks_own_exit_fails_its_trial() -> None:
    cell = try_out(rank0="exit 4", rank1="")
    assert (cell["status"], cell["error"]["code"]) == ("failed", "rank-failed")


def test_nothing_begins_while_the_sockets_are_gone() -> None:
    async def main() -> None:
        async with place() as (there, said):
            is_kept: list[bool] = []
            asked = asyncio.Event()

            def kept() -> bool:
                asked.set()
                return bool(is_kept)

            here = replace(there, may_begin=kept)
            order = {
                "steps": 8,
                "strategy": {"technique": "single", "devices": 1},
                "devices": ["cpu0"],
                "checkpointSeconds": 60,
            }
            first, second = (
                TrainingJob(here, {**order, "task": task(ranks="finished 8"), "attempt": n}, NODE)
                for n in (1, 2)
            )
            running = [asyncio.create_task(first.run()), asyncio.create_task(second.run())]
            await asked.wait()
            second.stop(60.0)
            await running[1]
            assert [(body["attempt"], body["kind"]) for _, body in said] == [(2, "stopped")]
            assert first.pids == []
            is_kept.append(True)
            await running[0]
            assert [body["kind"] for _, body in said] == ["stopped", "finished"]

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "ranks", "inside"),
    [("cpu", 2, True), ("cpu", 1, False), ("cuda", 2, False)],
)
def test_ranks_on_cpus_meet_in_the_network_of_the_session(
    kind: str, ranks: int, inside: bool
) -> None:
    async def main() -> Any:
        async with place() as (here, _):
            context = replace(here, network=SessionNetwork({"network": "/proc/1/fd/3"}, ()))
            devices = [{**device, "kind": kind} for device in NODE["devices"][:ranks]]
            request: Any = {"kind": "trial", "task": task(), "devices": devices}
            group = context.group(request, here.paths.trial("t"), ranks, heard=print)
            return group._request.get("network")

    assert asyncio.run(main()) == ({"network": "/proc/1/fd/3"} if inside else None)
