"""Many tasks inspected in processes of their own: none disturbs another, little is done twice."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import pytest
from adapter_tasks import language, lightning
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect import inspection_child, inspection_pool
from jupyterlab_saturn.training.inspect.inspection_child import PoolLine, Wanted
from jupyterlab_saturn.training.inspect.inspection_pool import InspectionPool
from nightly import nightly
from ranks import Session
from training_tasks import broken, misfit, mlp, not_a_task

cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


def inspect(session: Session, specs: list[Json], workers: int = 2) -> dict[str, Json]:
    """The results by name of the task; those that died have none."""
    group = session.inspect(specs, 2, workers)
    assert group.wait() == [0], group.log
    return {event["result"]["task"]: event["result"] for event in group.of("inspected")}


def changing(what: str) -> Task:
    """Builds a task, and leaves something of its process changed."""
    import random

    import torch
    from torch import nn

    if what == "patch":
        nn.Linear.forward = lambda self, x: x @ self.weight.T  # type: ignore[method-assign]
    if what == "default":
        torch.set_default_dtype(torch.float64)
    if what == "variable":
        os.environ["SATURN_TEST_WIDTH"] = "7"
    if what == "numbers":
        random.seed(3)
        torch.manual_seed(3)
    if what == "module":
        nn.functional.relu = torch.tanh  # which takes no inplace
    if what == "folder":
        os.chdir("/")
    if what == "folds":
        torch.set_num_threads(3)
    width = int(os.environ.get("SATURN_TEST_WIDTH", 5))
    made = mlp(steps=3)
    model = nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))
    return Task(**{**vars(made), "model": model})


def drawing(lr: float = 0.1) -> Task:
    """As many steps as a drawn number says."""
    import torch

    return mlp(lr=lr, steps=int(torch.randint(1, 1000, ())))


def unsteady() -> Task:
    return mlp(augment=True, workers=0)


def leaving() -> Task:
    print("about to leave")  # noqa: T201
    sys.exit(3)


def dropping(p: float = 0.1) -> Task:
    from torch import nn

    model = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Dropout(p), nn.Linear(4, 3))
    return Task(**{**vars(mlp()), "model": model})


def training() -> None:
    """Trains by itself."""
    import torch

    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for _ in range(3):
        weight.sum().backward()
        optimizer.step()


def kinds(session: Session) -> list[Json]:
    """Tasks of all kinds, each of which could spoil the next."""
    changes = ("", "patch", "default", "variable", "numbers", "module", "folder", "folds")
    return [
        session.spec(mlp),
        *(session.spec(changing, f"changing-{what}", what=what) for what in changes),
        session.spec(mlp, "other", lr=0.5, batch_size=4),
        session.spec(drawing),
        session.spec(drawing, "drawing-other", lr=0.2),
        session.spec(unsteady),
        session.spec(dropping),
        session.spec(broken, lr=1.0),
        session.spec(not_a_task),
        session.spec(misfit, part="schedule"),
        session.spec(mlp, "large", batch_size=45),
        session.spec(leaving),
        session.spec(training),
        {**session.spec(training, "native"), "native": True},
    ]


def spoiling(session: Session) -> list[Json]:
    """Of these the ones that would spoil most."""
    names = ("changing-module", "changing-default", "changing-", "drawing")
    return [spec for spec in kinds(session) if spec["name"] in names]


def of_libraries(session: Session) -> list[Json]:
    """Tasks made by libraries that take seconds to load."""
    rates = (0.1, 0.2)
    return [
        *(session.spec(language, f"trainer-{lr}", learning_rate=lr) for lr in rates),
        *(session.spec(lightning, f"module-{lr}", lr=lr) for lr in rates),
    ]


@pytest.mark.parametrize(
    "made",
    [spoiling, pytest.param(kinds, marks=nightly), pytest.param(of_libraries, marks=nightly)],
)
def test_each_is_what_it_is_in_a_process_of_its_own(session: Session, made: Any) -> None:
    specs = made(session)
    together = inspect(session, specs, workers=3)
    assert together.keys() == {spec["name"] for spec in specs}
    for spec in specs:
        alone = inspect(session, [spec], workers=1)
        assert alone == {spec["name"]: together[spec["name"]]}


def test_they_are_inspected_in_their_order_where_one_runs_at_a_time(session: Session) -> None:
    specs = [session.spec(mlp, f"mlp-{lr}", lr=lr, eval_data=None) for lr in (0.1, 0.2, 0.3)]
    assert list(inspect(session, specs, workers=1)) == [spec["name"] for spec in specs]


def loud(width: int, lr: float) -> Task:
    """Says when a step of it is made."""
    import torch
    from torch import nn

    class Loud(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            print("a step")  # noqa: T201
            return super().forward(x)

    changed = {"model": Loud(6, width), "eval_data": None, "metrics": {}, "schedule": None}
    return Task(**{**vars(mlp(lr=lr)), **changed})


@pytest.mark.parametrize("workers", [1, 4])
def test_one_of_a_signature_is_tried_and_tells_the_others(session: Session, workers: int) -> None:
    specs = [
        session.spec(loud, f"loud-{width}-{lr}", width=width, lr=lr)
        for lr in (0.1, 0.2, 0.3, 0.4)
        for width in (3, 4, 5)
    ]
    results = inspect(session, specs, workers)
    signatures = {spec["name"]: results[spec["name"]]["inspection"]["signature"] for spec in specs}
    assert len(set(signatures.values())) == 3
    tried = [signatures[spec["name"]] for spec in specs if session.printed(spec)]
    assert set(tried) == set(signatures.values())
    # One may run a step and another watch the model at work, but nothing is looked into twice.
    steps = sum(session.printed(spec).count("a step") for spec in specs)
    alone = [session.spec(loud, f"alone-{width}", width=width, lr=0.1) for width in (3, 4, 5)]
    for spec in alone:
        inspect(session, [spec], 1)
    assert steps == sum(session.printed(spec).count("a step") for spec in alone)


def ending(how: str) -> Task:
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "left":
        os._exit(0)
    if how == "hung":
        import time

        print("hangs", flush=True)  # noqa: T201
        time.sleep(600)
    return mlp(steps=3)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_that_ends_its_process_ends_no_other(session: Session, workers: int) -> None:
    ways = ("well", "killed", "fine", "left", "too")
    specs = [session.spec(ending, how, how=how) for how in ways]
    group = session.inspect(specs, 2, workers)
    assert group.wait() == [0]
    assert {event["result"]["task"] for event in group.of("inspected")} == {"well", "fine", "too"}
    died = {event["task"]: event["code"] for event in group.of("died")}
    assert died == {"killed": -signal.SIGKILL, "left": 0}


def test_one_that_hangs_keeps_no_other_waiting(session: Session) -> None:
    specs = [session.spec(ending, how, how=how) for how in ("well", "hung", "fine", "too")]
    group = session.inspect(specs, 2, workers=2)
    told = {group.until("inspected")["result"]["task"] for _ in range(3)}
    assert told == {"well", "fine", "too"}
    assert session.printed(specs[1]) == "hangs\n"
    group.signal(signal.SIGKILL)
    assert group.wait() == [-signal.SIGKILL]


def downloading(which: str, lr: float, folder: str) -> Task:
    """Downloads what is not there yet, as libraries do that reckon with nobody else."""
    import time
    import uuid

    data = Path(folder, which)
    if not data.exists():
        data.write_text("half")
        Path(folder, f"{which}-{uuid.uuid4().hex}.download").touch()
        time.sleep(0.3)
        data.write_text("whole")
    if data.read_text() != "whole":
        raise ValueError("the data is damaged")
    return mlp(lr=lr, steps=3)


def test_what_one_downloads_the_others_find(session: Session, tmp_path: Path) -> None:
    specs = [
        session.spec(downloading, f"d-{which}-{lr}", which=which, lr=lr, folder=str(tmp_path))
        for which in ("digits", "letters", "words")
        for lr in (0.1, 0.2, 0.3)
    ]
    results = inspect(session, specs, workers=4)
    errors = {name: result["error"] for name, result in results.items() if "error" in result}
    assert errors == {}
    assert len(results) == len(specs)
    downloads = sorted(path.name.partition("-")[0] for path in tmp_path.glob("*.download"))
    assert downloads == ["digits", "letters", "words"]


def writing(lr: float, folder: str) -> Task:
    Path(folder, f"{lr}.txt").write_text("written whatever there is")
    print("built")  # noqa: T201
    return mlp(lr=lr, steps=3)


def test_those_that_all_write_are_soon_no_more_begun_twice(
    session: Session, tmp_path: Path
) -> None:
    rates = [number / 16 for number in range(1, 13)]
    specs = [session.spec(writing, f"w-{lr}", lr=lr, folder=str(tmp_path)) for lr in rates]
    results = inspect(session, specs, workers=2)
    assert all("inspection" in result for result in results.values())
    assert all(session.printed(spec) == "built\n" for spec in specs)


def test_what_a_task_prints_is_its_own(session: Session) -> None:
    specs = [session.spec(leaving, f"leaving-{n}") for n in range(3)]
    inspect(session, specs, workers=3)
    assert [session.printed(spec) for spec in specs] == ["about to leave\n"] * 3


def test_any_value_of_the_environment_leaves_with_the_task(session: Session) -> None:
    names: list[Any] = ["variable", "", "variable", ""]
    specs = [session.spec(changing, f"c-{n}", what=what) for n, what in enumerate(names)]
    results = inspect(session, specs, workers=2)
    parameters = [results[spec["name"]]["inspection"]["parameters"] for spec in specs]
    assert parameters == [(6 * w + w) + (w * 3 + 3) for w in (7, 5, 7, 5)]


def test_a_library_that_hangs_where_it_is_loaded_keeps_no_task_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = Pipe()

    def inspect(_: Any, spec: Json, __: Any, pool: Connection, **___: Any) -> None:
        theirs.send(spec["name"])
        pool.send(inspection_child.Over(["timm"]))
        os._exit(0)

    def hang(_: list[str]) -> int:
        if (child := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.pause()
        theirs.send(child)
        return child

    monkeypatch.setattr(inspection_pool, "_LOADING_SECONDS", 0.2, raising=False)
    monkeypatch.setattr(inspection_pool, "try_loading", hang)
    monkeypatch.setattr(inspection_child, "run", inspect)
    specs = [{"name": name, "payload": name} for name in ("one", "two", "three")]
    request: Any = SimpleNamespace(tasks=specs, workers=1, room_bytes=1 << 40)
    events: Any = SimpleNamespace(emit=theirs.send)
    pool = InspectionPool(request, events, 1)
    process = get_context("fork").Process(target=pool.run)
    process.start()
    told = []
    while len(told) < 4:
        assert ours.poll(20), told
        told.append(ours.recv())
    process.join()
    assert process.exitcode == 0
    trial = told.pop(1)
    assert told == ["one", "two", "three"]
    assert not Path(f"/proc/{trial}").exists()


def test_a_child_whose_pool_is_gone_ends_without_a_word() -> None:
    """What it asked is not answered then: that is no error of its task."""
    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            PoolLine(theirs).ask(Wanted("what"))
        finally:
            os._exit(3)
    theirs.close()
    ours.recv()
    ours.close()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
