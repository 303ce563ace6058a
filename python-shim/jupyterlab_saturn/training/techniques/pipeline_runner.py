"""Steps the stages of a model that is divided among the devices."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, NamedTuple

import cloudpickle
import torch
import torch.distributed as dist
from torch import nn

from ...task import Task
from ..components.loss import Loss, Part, counted_loss
from ..components.nested_tensors import move, pair, shapes
from ..components.scalars import LoggedScalars
from ..components.seeding import derive, seed_all, seed_torch
from ..components.state_dicts import EXTRA_STATE
from ..components.training_mode import evaluating
from ..task.data_order import MicroBatch, takes_whole_batches
from .context import Context
from .pipeline_schedule import StageSchedule
from .pipeline_stages import Stages
from .restorable import State
from .runner import Runner

_SCHEDULES_KEPT = 8


class PipelineRunner(Runner):
    """Steps the stages of one rank. All ranks get all batches: each part sees the inputs."""

    def __init__(
        self, task: Task, stages: Stages, context: Context, micro_batches: int, counted: bool
    ) -> None:
        self._stages = stages
        self._passed: dict[int, torch.Tensor] = {}
        self._forms: dict[str, dict[int, torch.Tensor]] = {}
        self._schedules: dict[tuple[str, int], StageSchedule] = {}
        super().__init__(task, stages.model, context, data_rank=0, data_ranks=1)
        self.micro_batches = micro_batches
        self._remembering = {
            name
            for name, module in stages.model.named_modules()
            if type(module).set_extra_state is not nn.Module.set_extra_state
        }
        self._counts_loss = counted and not takes_whole_batches(task)

    def restore(self, state: State) -> None:
        extra = pickle.loads(state["extra"])
        mine = {name: value for name, value in extra.items() if name in self._remembering}
        super().restore({**state, "extra": cloudpickle.dumps(mine)})

    def full_weights(self) -> dict[str, torch.Tensor]:
        own = self._stages.model.state_dict()
        weights: dict[str, torch.Tensor] = {}
        for holding in self._stages.holdings:
            if holding.rank == self._world.rank:
                tensor = own[holding.name].cpu().contiguous()
                if not self._world.is_root:
                    dist.send(tensor, dst=0)
            elif self._world.is_root:
                tensor = torch.empty(holding.shape, dtype=holding.dtype)
                dist.recv(tensor, src=holding.rank)
            if self._world.is_root:
                weights[holding.name] = tensor
        _, extra = self._model_state(())
        if not self._world.is_root:
            return {}
        rest = {f"{name}.{EXTRA_STATE}".lstrip("."): value for name, value in extra.items()}
        return {name: {**weights, **rest}[name] for name in self._stages.names}

    @property
    def _voice(self) -> float:
        return 1.0 if self._stages.has_last else 0.0

    def _copies(self, parameter: torch.Tensor) -> float:
        return 1.0

    def _blocks(self) -> Sequence[nn.Module]:
        return self._stages.blocks

    def _model_state(self, changed: Collection[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        weights, mine = super()._model_state(changed)
        extra = {n: value for known in self._world.gather(mine) for n, value in known.items()}
        return {n: value for n, value in weights.items() if n in self._stages.owned}, extra

    def _accumulate(self, micro_batches: Sequence[MicroBatch]) -> Part:
        part = Part(self._device, torch.float64)  # of what type losses are the last stage knows
        # Buffers between stages have one shape, but padding may differ between micro-batches.
        alike: dict[str, list[_Work]] = defaultdict(list)
        for micro in micro_batches:
            inputs, targets = pair(move(micro.batch, self._device))
            alike[str(shapes(inputs))].append(_Work(micro, inputs, targets))
        for key, group in alike.items():
            if key not in self._forms:
                self._forms[key] = self._probe(group[0].inputs)
            # Python's and NumPy's generators, for which it takes longer, once for all of them.
            seed_all(derive(group[0].micro.seed, "rank", self._world.rank))
            self._schedule_of(key, len(group)).run(partial(self._work, group, part))
        if self._counts_loss and not self._stages.has_last:
            part.add(Loss(torch.zeros((), device=self._device), 0.0), 1.0)
        part.complete(self._world, self._voice)
        return part

    def _work(
        self, group: Sequence[_Work], part: Part, stage: int, number: int, *received: torch.Tensor
    ) -> torch.Tensor:
        """A stage's forward of a micro-batch: hidden states, or the loss in the last."""
        micro, inputs, targets = group[number]
        if self._task.exact_random:
            self._seed(micro.seed)
        else:  # stages must not draw alike
            seed_torch(derive(micro.seed, "stage", stage))
        heard = LoggedScalars()

        def forward() -> Any:
            # What the model does on its way to the stage is logged by those before it.
            return self._run(stage, inputs, *received, on_arrival=heard.forget)

        with self._precise():
            if stage < self._stages.count - 1:
                with heard:
                    hidden = forward()
                if micro.weight > 0:  # of what fills up a batch a value may be no number
                    part.logged.add(heard.forward, micro.weight)
                return hidden  # type: ignore[no-any-return]
            _, loss = counted_loss(
                self._task, forward, targets, counting=self._counts_loss, heard=heard
            )
        value = part.add(loss, micro.weight, counts=self._counts_loss, heard=heard)
        amplified: torch.Tensor = self._amplified(value)
        return amplified.reshape(1)

    def _run(
        self,
        stage: int,
        inputs: Any,
        *received: torch.Tensor,
        on_arrival: Callable[[], None] = lambda: None,
    ) -> Any:
        forward = partial(super()._outputs, inputs)
        return self._stages.run(stage, forward, *received, on_arrival=on_arrival)

    def _outputs(self, inputs: Any) -> Any:
        """The model's outputs on the rank of the last stage, None on others. A collective."""
        for stage in self._stages.own:
            received = () if stage == 0 else (self._receive(stage - 1),)
            outputs = self._run(stage, inputs, *received)
            if stage < self._stages.count - 1:
                self._send(stage, outputs)
        return outputs if self._stages.has_last else None

    @torch.no_grad()
    def _probe(self, inputs: Any) -> dict[int, torch.Tensor]:
        """What stages return for inputs of this shape, by stage. A collective."""
        self._passed.clear()
        with evaluating(self.module), self._precise():
            self._outputs(inputs)
        return dict(self._passed)

    def _send(self, stage: int, hidden: torch.Tensor) -> None:
        to = (stage + 1) % self._world.size
        self._remember(stage, hidden.shape, hidden.dtype)
        dist.send_object_list([hidden.shape, hidden.dtype], to, device=torch.device("cpu"))
        dist.send(hidden, to)

    def _receive(self, stage: int) -> torch.Tensor:
        sender = stage % self._world.size
        form: list[Any] = [None, None]
        dist.recv_object_list(form, sender, device=torch.device("cpu"))
        self._remember(stage, *form)
        hidden = torch.empty(form[0], dtype=form[1], device=self._device)
        dist.recv(hidden, sender)
        return hidden

    def _remember(self, stage: int, shape: torch.Size, dtype: torch.dtype) -> None:
        form = torch.empty(shape, dtype=dtype, device="meta", requires_grad=True)
        self._passed[stage] = form

    def _schedule_of(self, key: str, micro_batches: int) -> StageSchedule:
        known = self._schedules.get((key, micro_batches))
        if known is None:
            if len(self._schedules) == _SCHEDULES_KEPT:  # each has buffers; the oldest goes
                del self._schedules[next(iter(self._schedules))]
            known = StageSchedule(self._stages, self._forms[key], micro_batches, self._device)
            self._schedules[key, micro_batches] = known
        return known


class _Work(NamedTuple):
    """A micro-batch, its inputs and targets on the device."""

    micro: MicroBatch
    inputs: Any
    targets: Any
