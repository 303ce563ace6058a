"""Steps of several tasks by one forward and one backward."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import torch

from ...task import Task
from ..components.loss import Part, outputs_of
from ..components.precision import precise
from ..components.seeding import global_state, seed_all
from ..components.side_effects import without_side_effects
from ..runtime.failure import is_out_of_memory, is_peer_lost
from ..runtime.process_group import ProcessGroup
from ..task.data_order import MicroBatch
from ..techniques import Runner
from .adapter_sites import AdapterSite, NotFused
from .draws import Draws
from .joined_batches import JoinedBatch, join
from .stacked_adapters import StackedAdapters

_log = logging.getLogger(__name__)

_CLOSE = {"float32": 1e-3, "bfloat16": 5e-2}
"""How far outputs may be off for rounding, as a share of the largest."""

Made = torch.Tensor | Exception


@dataclass(frozen=True)
class Fellow:
    """A task of a fused run."""

    name: str
    task: Task
    runner: Runner
    sites: list[AdapterSite]


@dataclass(frozen=True)
class _Turn:
    """A micro-batch of one of them, on the device."""

    fellow: Fellow
    micro: MicroBatch
    last: bool
    inputs: Any
    targets: Any


class FusedSteps:
    """Makes steps of several runners at once: each as its own `Runner.step` would, to rounding.

    What cannot be computed together is computed one after another: batches of unlike kind, and
    those whose own forward was found, when they first came, to do otherwise than the common one.

    Parameters
    ----------
    task, sites
        Of the model whose forward it is.

    Attributes
    ----------
    fellows
        Those that may be stepped, by their runners.
    apart
        Those that were found to be computed one by one.
    """

    def __init__(
        self, task: Task, sites: list[AdapterSite], world: ProcessGroup, device: torch.device
    ) -> None:
        self.fellows: dict[Runner, Fellow] = {}
        self._task = task
        self._stack = StackedAdapters(task.model, sites)
        self._world = world
        self._device = device
        self.apart: set[Runner] = set()
        self._tried: set[Runner] = set()

    def make(self, loaded: Mapping[Runner, Sequence[MicroBatch]]) -> dict[Runner, Made]:
        """Make a step of each of some runners, of this rank's part of its batch.

        Returns
        -------
        dict
            Of each what `Runner.step` returns; or what was raised of this one alone, whose step
            is not made. Of several ranks any error is raised: the others would wait for this one.
        """
        parts = {runner: Part(self._device) for runner in loaded}
        failed: dict[Runner, Exception] = {}
        for micros in zip_longest(*loaded.values()):
            turns = [
                (runner, micro, micro is loaded[runner][-1])
                for runner, micro in zip(loaded, micros, strict=True)
                if micro is not None and runner not in failed
            ]
            self._accumulate(turns, parts, failed)
        self._average([runner for runner in loaded if runner not in failed])
        made: dict[Runner, Made] = {}
        for runner, part in parts.items():
            error = failed.get(runner)
            if error is not None:
                runner.forget()
                made[runner] = error
            else:
                made[runner] = self._or_error(partial(runner.conclude, part))
        return made

    def _accumulate(
        self,
        turns: Sequence[tuple[Runner, MicroBatch, bool]],
        parts: Mapping[Runner, Part],
        failed: dict[Runner, Exception],
    ) -> None:
        """One forward and backward of a micro-batch of each."""
        begun: list[_Turn] = []
        draws = Draws(self._device)
        for runner, micro, last in turns:
            inputs, targets = runner.begin(micro)
            draws.begin_part()
            begun.append(_Turn(self.fellows[runner], micro, last, inputs, targets))
        values: list[torch.Tensor] = []
        # What is a collective is called in one order on all ranks, whose batches may be unlike.
        for place, (turn, outputs) in enumerate(
            zip(begun, self._outputs(begun, draws), strict=True)
        ):
            runner = turn.fellow.runner
            seed_all(turn.micro.seed)
            draws.resume(place)
            share = partial(
                runner.share, parts[runner], turn.micro, outputs, turn.targets, last=turn.last
            )
            value = self._or_error(share)
            if isinstance(value, Exception):
                failed[runner] = value
            else:
                values.append(value)
        if values:
            torch.autograd.backward(values)

    def _outputs(self, turns: Sequence[_Turn], draws: Draws) -> list[Callable[[], Any]]:
        """What gives the outputs of each."""
        outputs: list[Callable[[], Any]] = [partial(_own, turn) for turn in turns]
        together = [n for n, turn in enumerate(turns) if turn.fellow.runner not in self.apart]
        sites = [turns[n].fellow.sites for n in together]
        batches = [turns[n].inputs for n in together]
        for joined in join(batches, pads=not self._stack.draws(sites)):
            members = [together[n] for n in joined.members]
            if len(members) < 2:
                continue
            pieces = self._together(joined, [turns[n] for n in members], members, draws)
            for member, piece in zip(members, pieces or (), strict=bool(pieces)):
                outputs[member] = partial(_known, piece)
        return outputs

    def _together(
        self, joined: JoinedBatch, turns: Sequence[_Turn], places: Sequence[int], draws: Draws
    ) -> list[Any] | None:
        """The outputs of some by one forward; None where these are to be computed one by one."""
        new = [turn for turn in turns if turn.fellow.runner not in self._tried]
        try:
            if new:
                self._try(joined, turns)
            return self._forward(joined, turns, [partial(draws.of, place) for place in places])
        except NotFused as reason:
            _log.warning("These are computed one by one: %s, as %s.", _names(turns), reason)
            self.apart.update(turn.fellow.runner for turn in turns)
        except Exception as error:
            if is_out_of_memory(error) or is_peer_lost(error):
                raise
            # It may be of one of them, whose own forward then tells.
            _log.warning("A forward of %s failed, each is tried alone: %r", _names(turns), error)
        return None

    def _forward(
        self, joined: JoinedBatch, turns: Sequence[_Turn], draws: Sequence[Callable[[], Any]]
    ) -> list[Any]:
        adapters = [turn.fellow.sites for turn in turns]
        drawn = draws if self._stack.draws(adapters) else ()
        with self._stack.of(adapters, drawn), self._precise():
            outputs = outputs_of(self._task, self._task.model, joined.inputs)
        return [joined.piece(outputs, place) for place in range(len(turns))]

    def _try(self, joined: JoinedBatch, turns: Sequence[_Turn]) -> None:
        """See whether the common forward gives what each one's own does. Leaves no trace.

        Raises
        ------
        NotFused
            When none does.
        """
        models = {id(t.fellow.task.model): t.fellow.task.model for t in turns}
        with torch.no_grad(), without_side_effects(self._task.model, *models.values()):
            draws = Draws(self._device)
            for turn in turns:
                seed_all(turn.micro.seed)
                draws.begin_part()
            before = global_state()
            kept = [partial(draws.of, place) for place in range(len(turns))]
            pieces = self._forward(joined, turns, kept)
            if global_state() != before:
                raise NotFused("the forward draws random numbers otherwise than by nn.Dropout")
            for turn, piece in zip(turns, pieces, strict=True):
                self._tried.add(turn.fellow.runner)
                seed_all(turn.micro.seed)
                with self._precise():
                    own = _own(turn)
                if not _alike(piece, own, _CLOSE[self._task.precision]):
                    raise NotFused(f"the common forward does otherwise than {turn.fellow.name}'s")

    def _precise(self) -> AbstractContextManager[Any]:
        return precise(self._task, self._device.type)

    def _average(self, runners: Sequence[Runner]) -> None:
        """Make gradients the mean over the ranks."""
        if self._world.size == 1:
            return
        gradients = [
            parameter.grad
            for runner in runners
            for site in self.fellows[runner].sites
            for parameter in (site.down, site.up)
            if parameter.grad is not None
        ]
        if not gradients:
            return
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        self._world.add_up(flat).div_(self._world.size)
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, piece in zip(gradients, torch.split(flat, sizes), strict=True):
            gradient.copy_(piece.view_as(gradient))

    def _or_error(self, work: Callable[[], torch.Tensor]) -> Made:
        """What something gives, or what it raises where that is nobody else's."""
        try:
            return work()
        except Exception as error:
            if self._world.size > 1 or is_out_of_memory(error):
                raise
            return error


def _own(turn: _Turn) -> Any:
    """Outputs by a task's own forward."""
    return outputs_of(turn.fellow.task, turn.fellow.task.model, turn.inputs)


def _known(outputs: Any) -> Any:
    return outputs


def _alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether outputs are the same to rounding, as far as both have them."""
    pairs = list(_pairs(one, other))
    return bool(pairs) and all(_close(*pair, tolerance) for pair in pairs)


def _pairs(one: Any, other: Any) -> Iterable[tuple[torch.Tensor, torch.Tensor]]:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        yield one, other
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in one.keys() & other.keys():
            yield from _pairs(one[key], other[key])
    elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for a, b in zip(one, other, strict=False):
            yield from _pairs(a, b)


def _close(one: torch.Tensor, other: torch.Tensor, tolerance: float) -> bool:
    if one.shape != other.shape or not one.is_floating_point():
        return one.shape == other.shape and torch.equal(one, other)
    if not bool(torch.isfinite(other).all()):
        return True  # it diverges by itself, which is for its loss to tell
    largest = float(other.abs().max()) if other.numel() else 0.0
    return float((one - other).abs().max() if one.numel() else 0.0) <= tolerance * max(
        largest, 1e-6
    )


def _names(turns: Sequence[_Turn]) -> str:
    return ", ".join(turn.fellow.name for turn in turns)
