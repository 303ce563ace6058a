"""Several tasks with one frozen model below their adapters, each with a runner of its own."""

from __future__ import annotations

import torch
from torch import nn

from ...errors import SaturnError
from ...task import Task
from ..components.freed_memory import give_back_freed
from ..runtime.workload_spec import WorkloadSpec
from ..techniques import Context, Runner
from .adam_kernel import by_one_kernel
from .adapter_sites import AdapterSite, NotFused, adapter_sites
from .frozen_base import share_frozen
from .fused_steps import Fellow, FusedSteps
from .fusibility import require_fusible

_TECHNIQUES = ("single", "ddp")


class FusedModel:
    """Builds tasks upon one frozen model, which is that of the first, and steps them together.

    Runners do as plain ones: what they evaluate, save, restore and export is their own model's,
    whose frozen tensors are the first's.
    """

    def __init__(self) -> None:
        self._steps: FusedSteps | None = None
        self._host: tuple[nn.Module, list[AdapterSite]] | None = None

    @property
    def steps(self) -> FusedSteps:
        """Steps those that were built. Raises AssertionError when none was."""
        assert self._steps is not None
        return self._steps

    def build(self, spec: WorkloadSpec, task: Task, context: Context) -> Runner:
        """A task's runner. A collective.

        Raises
        ------
        SaturnError
            ``not-fusible`` when it cannot be trained with others, or not so; ``other-base`` when
            its frozen tensors are not those of the first.
        """
        name, strategy = spec.task["name"], spec.strategy
        try:
            if strategy["technique"] not in _TECHNIQUES or strategy.get("knobs"):
                raise NotFused(f"{strategy['technique']} with such settings trains one at a time")
            require_fusible(task)
            sites = adapter_sites(task.model)
        except NotFused as reason:
            raise SaturnError(
                "not-fusible", f"{name} cannot be trained in one run with others: {reason}."
            ) from None
        if self._host is None:
            context.unify(task.model)
            task.model.to(context.device)
            self._host = task.model, sites
            self._steps = FusedSteps(task, sites, context.world, context.device)
        else:
            share_frozen(name, task.model, sites, *self._host)
            give_back_freed()  # as much as a base
            for site in sites:
                context.unify(_Pair(site))
        runner = _Member(task, task.model.to(context.device), context)
        self.steps.fellows[runner] = Fellow(name, task, runner, sites)
        return runner


class _Member(Runner):
    """The runner of one of them."""

    def _step_optimizer(self) -> None:
        with by_one_kernel(self._optimizer):
            super()._step_optimizer()


class _Pair(nn.Module):
    """The two parameters of an adapter."""

    def __init__(self, site: AdapterSite) -> None:
        super().__init__()
        self.down: torch.nn.Parameter = site.down
        self.up: torch.nn.Parameter = site.up
