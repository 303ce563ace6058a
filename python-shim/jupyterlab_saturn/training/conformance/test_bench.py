"""Where tasks are trained for the sake of comparing."""

from __future__ import annotations

import functools
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import torch

from ...paths import SessionPaths
from ..run.validations import numbers
from ..run.workload import Workload
from ..runtime.device import CpuDevice
from ..runtime.process_group import ProcessGroup
from ..runtime.workload_spec import WorkloadSpec
from .bounds import Kind
from .rank_pool import RankPool, Work
from .task_spec import task_spec
from .train_segment import Probe, SegmentResult, TrainSegment, run_segment

if TYPE_CHECKING:
    from ...generated.wire_types import Strategy, TaskSpec, TechniqueSpec

SINGLE: Strategy = {"technique": "single", "devices": 1}
_WORKS_OF_A_POOL = 60  # process groups of meshes are never given back


class TestBench:
    """Trains tasks in a session folder of its own, on pools of ranks that it keeps. Close it.

    Parameters
    ----------
    techniques
        Wire ``TechniqueSpec`` objects of the user's own.
    patience, preload, kind
        As for `RankPool`.

    Attributes
    ----------
    kind
        Of the devices.
    """

    __test__ = False  # no test case, whatever pytest makes of its name

    def __init__(
        self,
        techniques: Sequence[TechniqueSpec] = (),
        *,
        patience: float = 60.0,
        preload: tuple[str, ...] = (),
        kind: Kind = "cpu",
    ) -> None:
        self.kind = kind
        self._root = Path(tempfile.mkdtemp(prefix="saturn-proving-"))
        self.paths = SessionPaths("proving", self._root).ensure()
        self._techniques = tuple(techniques)
        self._patience = patience
        self._preload = preload
        self._pools: dict[int, tuple[RankPool, int]] = {}
        self._made = 0
        self._tasks = 0

    def __enter__(self) -> TestBench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def preload(self, *modules: str) -> None:
        """Have more modules loaded before the first rank is forked, so that none waits for them."""
        self._preload += modules

    def close(self) -> None:
        """End all ranks and remove the folder."""
        for pool, _ in self._pools.values():
            pool.close()
        self._pools.clear()
        shutil.rmtree(self._root, ignore_errors=True)

    def train(
        self,
        task: TaskSpec,
        strategy: Strategy,
        *,
        steps: int,
        until: int | None = None,
        save: bool = False,
        probe: Probe | None = None,
    ) -> list[SegmentResult]:
        """Train a task on from its newest checkpoint. Returns what each rank tells.

        Parameters
        ----------
        until
            Step to end after. When absent the task is finished: evaluated, its model written.
        save
            Whether to commit a checkpoint at the end.
        probe
            What to tell of each micro-batch; pickled by reference.

        Raises
        ------
        SaturnError
            What building or training the task raises; ``hung``.
        """
        segment = TrainSegment(
            workload=WorkloadSpec(
                task=task, strategy=strategy, paths=self.paths, techniques=self._techniques
            ),
            steps=steps,
            until=until,
            save=save,
            probe=probe,
            kind=self.kind,
        )
        return self.do(strategy["devices"], functools.partial(run_segment, segment))

    def do(self, ranks: int, work: Work[Any]) -> list[Any]:
        """Have so many ranks do a piece of work; as `RankPool.do`."""
        pool, works = self._pools.get(ranks, (None, 0))
        if pool is None or not pool.alive or works == _WORKS_OF_A_POOL:
            if pool is not None:
                pool.close()
            self._made += 1
            rendezvous = self._root / f"rendezvous-{self._made}"
            pool = RankPool(
                ranks,
                rendezvous,
                patience=self._patience,
                preload=self._preload,
                kind=self.kind,
            )
            works = 0
        self._pools[ranks] = (pool, works + 1)
        return pool.do(work)

    def evaluate(self, task: TaskSpec) -> dict[str, float]:
        """The metrics of the trained model of a task, loaded into one that was just made.

        Raises what loading it raises.
        """
        spec = WorkloadSpec(
            task=task, strategy=SINGLE, paths=self.paths, techniques=self._techniques
        )
        with Workload.build(spec, ProcessGroup(0, 1), CpuDevice((), 0), steps=1) as workload:
            workload.task.model.load_state_dict(self.weights(task))
            return numbers(workload.evaluate())

    def weights(self, task: TaskSpec) -> dict[str, torch.Tensor]:
        """The trained model of a task, loaded as anybody would."""
        loaded: dict[str, torch.Tensor] = torch.load(
            self.paths.model(task["name"]), weights_only=True
        )
        return loaded

    def spec(self, factory: Callable[..., Any], **params: Any) -> TaskSpec:
        """A wire ``TaskSpec`` of a factory, under a name of its own; as `task_spec`."""
        self._tasks += 1
        return task_spec(self.paths, factory, f"task-{self._tasks}", **params)
