"""What cannot be inspected on the CPU is, on a GPU; it trains as what was inspected."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from adapter_tasks import language
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.device_leases import DeviceLeases
from jupyterlab_saturn.agent.inspection_job import InspectionJob
from jupyterlab_saturn.agent.job_context import JobContext
from jupyterlab_saturn.agent.rank_surroundings import Surroundings
from jupyterlab_saturn.errors import Json, SaturnError
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.inspect import inspection
from jupyterlab_saturn.training.model.performance_signature import require_signature
from jupyterlab_saturn.training.runtime.rank_request import RankRequest
from jupyterlab_saturn.training.task import factory
from ranks import Session
from torch import nn
from training_tasks import mlp

GPU = {"id": "cuda0", "kind": "cuda", "name": "GPU", "memoryBytes": 80 << 30, "uuid": "GPU-0"}


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


class Device:
    """A GPU of which nobody knows that it is the CPU."""

    kind = "cuda"
    torch_device = torch.device("cpu")

    def blame(self, error: BaseException) -> BaseException:
        return error


@pytest.fixture
def inspected(session: Session, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Json]:
    """Inspects a factory for devices of a kind, on one of them or on the CPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(inspection, "claim", lambda *_: Device())
    threads = torch.get_num_threads()

    def inspect(made: Callable[..., Any], kind: str = "cuda", on: bool = False) -> Json:
        monkeypatch.setattr(factory, "load_factory", lambda *_: made)
        request = RankRequest(
            kind="inspect",
            job="job",
            events=session.paths.folder / "events",
            paths=session.paths,
            tasks=(session.spec(mlp),),
            requested_at=0.0,
            max_devices=2,
            device_kind=kind,  # type: ignore[arg-type]
            devices=(GPU,) if on else (),  # type: ignore[arg-type]
        )
        result = inspection.inspect_one(request, request.tasks[0], {}, threads)
        wire.validate("InspectResult", result)
        torch.set_num_threads(threads)
        return dict(result)

    return inspect


class Kernel(nn.Module):
    """Runs where `able` says so, as kernels of Triton do."""

    able = False
    error: Exception = RuntimeError("0 active drivers ([]). There should only be one.")

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not Kernel.able:
            raise Kernel.error
        return self.linear(x)


class Picky(Kernel):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert Kernel.able or x.is_cuda
        return self.linear(x)


def with_model(model: Callable[[], nn.Module], **_: Any) -> Task:
    return Task(
        model=model(),
        data=torch.utils.data.TensorDataset(
            torch.randn(44, 6, generator=torch.Generator().manual_seed(0)),
            torch.arange(44) % 3,
        ),
        loss=nn.CrossEntropyLoss(weight=torch.ones(3)),
        optimizer=torch.optim.SGD,
        batch_size=8,
        epochs=1,
    )


def placed(**_: Any) -> Task:
    if not Kernel.able:
        raise RuntimeError("No CUDA GPUs are available")
    return with_model(lambda: nn.Linear(6, 3))


NEEDY = [
    placed,
    functools.partial(with_model, Kernel),
    functools.partial(with_model, Picky),
]


@pytest.mark.parametrize("made", NEEDY)
def test_what_fails_on_the_cpu_is_no_verdict_where_there_are_gpus(
    made: Any, inspected: Callable[..., Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = inspected(made)
    assert result["needsDevice"] is True
    monkeypatch.setattr(Kernel, "able", True)
    found = inspected(made, on=True)["inspection"]
    assert found["onDevice"] is True
    feasible = {
        (each["strategy"]["technique"], each["strategy"]["devices"])
        for each in found["feasibility"]
        if each["feasible"]
    }
    assert {("single", 1), ("ddp", 2), ("fsdp", 2)} <= feasible


@pytest.mark.parametrize("made", NEEDY)
def test_what_fails_on_a_gpu_has_failed(made: Any, inspected: Callable[..., Json]) -> None:
    result = inspected(made, on=True)
    assert "needsDevice" not in result and "error" in result


@pytest.mark.parametrize("made", NEEDY)
def test_where_there_are_cores_alone_it_is_refused(
    made: Any, inspected: Callable[..., Json]
) -> None:
    result = inspected(made, kind="cpu")
    assert "needsDevice" not in result
    assert result["error"]["code"] == "needs-gpu"
    assert "needs a GPU" in result["error"]["message"]


def misspelt(**_: Any) -> Task:
    return nowhere  # type: ignore[name-defined, no-any-return]  # noqa: F821


def impossible(**_: Any) -> Task:
    raise ValueError("3 heads do not divide 16")


def test_a_mistake_is_one_on_any_device(inspected: Callable[..., Json]) -> None:
    assert "needsDevice" not in inspected(misspelt)
    assert inspected(impossible)["needsDevice"] is True  # who knows
    assert inspected(impossible, kind="cpu")["error"]["code"] == "factory-failed"


def test_an_own_loop_for_gpus_is_looked_at_on_the_cpu(
    inspected: Callable[..., Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCELERATE_USE_CPU", "ACCELERATE_TORCH_DEVICE"):
        monkeypatch.setenv(name, "")  # put back afterwards
        monkeypatch.delenv(name)
    trainer = functools.partial(language, use_cpu=False, bf16=True, tf32=True, torch_compile=True)
    found = inspected(lambda **_: trainer())["inspection"]
    assert "torch_compile" in found["native"]
    assert "onDevice" not in found


def test_what_has_no_kernel_for_the_cpu_is_found_by_real_numbers(
    inspected: Callable[..., Json],
) -> None:
    class Fused(Kernel):
        """An operation that PyTorch can follow without numbers, and that needs a GPU."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if type(x) is torch.Tensor:
                raise NotImplementedError("Could not run 'fused' with arguments from 'CPU'")
            return self.linear(x)

    assert inspected(functools.partial(with_model, Fused))["needsDevice"] is True


def test_too_large_for_one_gpu_says_what_to_do(
    inspected: Callable[..., Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Kernel, "error", torch.OutOfMemoryError("CUDA out of memory."))
    error = inspected(functools.partial(with_model, Kernel), on=True)["error"]
    assert error["code"] == "out-of-memory" and "on one device" in error["hint"]


def test_model_batch_and_loss_go_to_the_device(
    inspected: Callable[..., Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meta(Device):
        torch_device = torch.device("meta")

    seen = []

    class Looking(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append((x.device.type, self.weight.device.type))
            return super().forward(x)

    monkeypatch.setattr(inspection, "claim", lambda *_: Meta())
    inspected(functools.partial(with_model, lambda: Looking(6, 3)), on=True)
    assert seen[0] == ("meta", "meta")


def test_a_task_that_is_another_on_gpus_is_told(session: Session) -> None:
    from jupyterlab_saturn.training.model.performance_signature import signature

    spec = session.spec(mlp)
    batch = [torch.zeros(8, 6), torch.zeros(8, dtype=torch.long)]
    task = with_model(lambda: nn.Linear(6, 3))
    same = signature(task, batch)
    for expected in (same, f"{same}@12345678", f"{same}/task-1"):
        require_signature(with_model(lambda: nn.Linear(6, 3)), spec, expected)
    with pytest.raises(SaturnError) as caught:
        require_signature(with_model(lambda: nn.Linear(6, 3).bfloat16()), spec, same)
    assert caught.value.code == "other-task"


class Group:
    """A rank group that tells of the request, and whether the device is held."""

    def __init__(self, place: Any, request: Json, log: list[Any]) -> None:
        self._place, self._request, self._seen = place, request, log

    undying: tuple[Any, ...] = ()

    def log(self, _rank: int) -> Path:
        return Path("/nowhere")

    async def run(self, _deadline: float | None) -> Any:
        # Of this boot: what follows the device in the name of a lease.
        held = [path.name.split("@")[0] for path in self._place.paths.leases.glob("*.lock")]
        self._seen.append((self._request["devices"], held))
        raise SaturnError("no-rank", "It is enough.")


@pytest.mark.parametrize("device", [None, "cuda0"])
def test_the_device_is_held_while_it_is_inspected_on(
    device: str | None, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    said: list[Json] = []

    class Registry:
        def of(self, _world: str | None) -> Surroundings:
            return Surroundings.own()

    place = JobContext(
        paths=session.paths,
        launcher=None,  # type: ignore[arg-type]
        events=SimpleNamespace(path=session.paths.runtime / "events"),  # type: ignore[arg-type]
        say=said.append,
        leases=DeviceLeases(session.paths),
        surroundings=Registry(),  # type: ignore[arg-type]
    )
    monkeypatch.setattr(
        JobContext, "group", lambda self, request, *_, **__: Group(self, request, seen)
    )
    body = {"tasks": [session.spec(mlp)], "maxDevices": 1} | ({"device": device} if device else {})
    wire.validate("Inspect", body)
    node = {"id": "node", "devices": [GPU]}
    asyncio.run(InspectionJob(place, body, node).run())  # type: ignore[arg-type]
    assert seen[0] == (([GPU], ["GPU-0"]) if device else ([], []))
    assert list(session.paths.leases.glob("*")) == []
    assert said[0]["body"]["results"][0]["error"]["code"] == "no-rank"
