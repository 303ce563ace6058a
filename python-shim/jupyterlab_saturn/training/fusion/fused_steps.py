"""Steps of several tasks by one forward and one backward."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Any

import torch

from ...errors import SaturnError
from ...task import Task
from ..components.loss import Part
from ..components.seeding import seed_all
from ..runtime.failure import is_out_of_memory, is_peer_lost
from ..runtime.process_group import ProcessGroup
from ..task.data_order import MicroBatch
from ..techniques import Runner
from .adapter_sites import AdapterSite, NotFused
from .common_forward import CommonForward, ForwardPart
from .draws import Draws, PartDraws
from .joined_batches import JoinedBatch, join

_log = logging.getLogger(__name__)

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
    """A micro-batch of one of them."""

    fellow: Fellow
    micro: MicroBatch
    last: bool
    part: ForwardPart
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
        self._forward = CommonForward(task, sites, device)
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
            fellow = self.fellows[runner]
            part = ForwardPart(fellow.name, fellow.task, fellow.sites, inputs, micro.seed)
            begun.append(_Turn(fellow, micro, last, part, targets))
        outputs_of, together = self._outputs(begun, draws)
        values: dict[int, torch.Tensor] = {}
        # What is a collective is called in one order on all ranks, whose batches may be unlike.
        for place, (turn, outputs) in enumerate(zip(begun, outputs_of, strict=True)):
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
                values[place] = value
        with draws.again():
            for places in together:
                own = [values.pop(place) for place in places if place in values]
                parts_of = [begun[place].part for place in places]
                if own:
                    self._backward(own, parts_of, PartDraws(draws, places))
        if values:
            torch.autograd.backward(list(values.values()))

    def _backward(
        self, values: Sequence[torch.Tensor], parts: Sequence[ForwardPart], draws: PartDraws
    ) -> None:
        try:
            self._forward.backward(values, parts, draws)
        except NotFused as reason:  # which an inspection should have seen
            names = ", ".join(part.name for part in parts)
            raise SaturnError(
                "not-fusible", f"{names} cannot be trained in one run: {reason}."
            ) from None

    def _outputs(
        self, turns: Sequence[_Turn], draws: Draws
    ) -> tuple[list[Callable[[], Any]], list[Sequence[int]]]:
        """What gives the outputs of each, and which are of one forward."""
        outputs: list[Callable[[], Any]] = [turn.part.own_outputs for turn in turns]
        joinable = [n for n, turn in enumerate(turns) if turn.fellow.runner not in self.apart]
        together: list[Sequence[int]] = []
        parts = [turns[n].part for n in joinable]
        pads = not self._forward.draws(parts)
        for joined in join([part.inputs for part in parts], pads=pads):
            members = [joinable[n] for n in joined.members]
            if len(members) < 2:
                continue
            pieces = self._together(joined, [turns[n] for n in members], members, draws)
            if pieces is not None:
                together.append(members)
                for member, piece in zip(members, pieces, strict=True):
                    outputs[member] = partial(_known, piece)
        return outputs, together

    def _together(
        self, joined: JoinedBatch, turns: Sequence[_Turn], places: Sequence[int], draws: Draws
    ) -> list[Any] | None:
        """The outputs of some by one forward; None where these are to be computed one by one."""
        runners = {turn.fellow.runner for turn in turns}
        parts = [turn.part for turn in turns]
        try:
            if not runners <= self._tried:
                self._forward.require_same(joined, parts)
                self._tried |= runners
            return self._forward.outputs(joined, parts, PartDraws(draws, places))
        except NotFused as reason:
            _log.warning("These are computed one by one: %s, as %s.", _names(turns), reason)
            self.apart |= runners
        except Exception as error:
            if is_out_of_memory(error) or is_peer_lost(error):
                raise
            # It may be of one of them, whose own forward then tells.
            _log.warning("A forward of %s failed, each is tried alone: %r", _names(turns), error)
        return None

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


def _known(outputs: Any) -> Any:
    return outputs


def _names(turns: Sequence[_Turn]) -> str:
    return ", ".join(turn.fellow.name for turn in turns)
