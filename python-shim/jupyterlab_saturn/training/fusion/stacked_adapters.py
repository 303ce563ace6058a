"""One forward for the adapters of several tasks, whose batches are equal parts of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from .adapter_sites import AdapterSite, NotFused
from .draws import PartDraws


class StackedAdapters:
    """Has a model compute with adapters of others as well as with its own.

    The stacks are made anew in each forward of the tasks' own parameters, so gradients arrive
    there, and all that follows is each task's own.

    Parameters
    ----------
    sites
        Of `shell`, the model whose forward it is.
    """

    def __init__(self, shell: nn.Module, sites: Sequence[AdapterSite]) -> None:
        self._sites = sites
        self._stacks: dict[tuple[int, ...], list[_Stack]] = {}
        self._droppers: dict[tuple[int, ...], list[nn.Module]] = {}
        of_adapters = {id(site.dropout) for site in sites}
        self._dropouts = [
            module
            for module in shell.modules()
            if _may_drop(module) and id(module) not in of_adapters
        ]

    def draws(self, adapters: Sequence[Sequence[AdapterSite]]) -> bool:
        """Whether a forward draws random numbers for any of some adapters."""
        key = _key(adapters)
        if key not in self._droppers:
            own = [site.dropout for sites in adapters for site in sites]
            self._droppers[key] = [each for each in own if _may_drop(each)] + self._dropouts
        return any(map(_drops, self._droppers[key]))

    @contextmanager
    def of(
        self, adapters: Sequence[Sequence[AdapterSite]], draws: PartDraws | None
    ) -> Iterator[None]:
        """Within it, the model works on as many equal parts of a batch as there are adapters.

        So it must in the backward, too, where parts of the forward may be computed again.

        Parameters
        ----------
        adapters
            Of each part, by site.
        draws
            Of the parts; None where none are drawn.
        """
        placed: list[tuple[nn.Module, Any]] = []
        try:
            for site, stack in zip(self._sites, self._stacked(adapters), strict=True):
                placed.append((site.layer, vars(site.layer).get("forward")))
                stack.draws = draws
                vars(site.layer)["forward"] = stack
            for dropout in self._dropouts if draws is not None else ():
                if _drops(dropout):
                    placed.append((dropout, vars(dropout).get("forward")))
                    same = [dropout] * len(adapters)
                    vars(dropout)["forward"] = partial(_dropped, dropouts=same, draws=draws)
            yield
        finally:
            for module, before in placed:
                if before is None:
                    del vars(module)["forward"]
                else:
                    vars(module)["forward"] = before

    def _stacked(self, adapters: Sequence[Sequence[AdapterSite]]) -> list[_Stack]:
        key = _key(adapters)
        if key not in self._stacks:
            pairs = zip(self._sites, zip(*adapters, strict=True), strict=True)
            self._stacks[key] = [_Stack(site, own) for site, own in pairs]
        return self._stacks[key]


class _Stack:
    """Stands for the adapters of one place.

    Attributes
    ----------
    draws
        As of `StackedAdapters.of`.
    """

    def __init__(self, site: AdapterSite, own: Sequence[AdapterSite]) -> None:
        self.draws: PartDraws | None = None
        self._base = site.base
        self._own = own
        self._may_drop = any(_may_drop(each.dropout) for each in own)
        self._rank = max(each.rank for each in own)
        self._casts = bool(getattr(site.layer, "cast_input_dtype_enabled", True))
        scales = [each.scale for each in own]
        self._scale: float | torch.Tensor = scales[0]
        if len(set(scales)) > 1:
            self._scale = own[0].down.new_tensor(scales).reshape(-1, 1, 1)

    def __call__(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        own = self._own
        result: torch.Tensor = self._base(x, *args, **kwargs)
        if self._casts:
            x = x.to(own[0].down.dtype)
        if self._may_drop and any(_drops(each.dropout) for each in own):
            x = _dropped(x, dropouts=[each.dropout for each in own], draws=self.draws)
        if x.numel() % (len(own) * x.shape[-1]) != 0 or x.shape[0] % len(own) != 0:
            raise NotFused(f"{own[0].name} does not get one sample after another")
        down = torch.stack([_rows(each.down, self._rank) for each in own])
        up = torch.stack([_columns(each.up, self._rank) for each in own])
        low = torch.bmm(x.reshape(len(own), -1, x.shape[-1]), down.transpose(1, 2))
        high = torch.bmm(low * self._scale, up.transpose(1, 2))
        return (result + high.reshape(*x.shape[:-1], high.shape[-1])).to(result.dtype)


def _dropped(x: torch.Tensor, *, dropouts: Sequence[Any], draws: PartDraws | None) -> torch.Tensor:
    """Each part as its own dropout leaves it."""
    assert draws is not None  # as something drops
    if x.shape[0] % len(dropouts) != 0:
        raise NotFused("a dropout does not get one sample after another")
    parts = x.chunk(len(dropouts))
    works = {
        place: partial(functional.dropout, part, dropout.p)
        for place, (part, dropout) in enumerate(zip(parts, dropouts, strict=True))
        if _drops(dropout)
    }
    made = draws.call(works)
    return torch.cat([made.get(place, part) for place, part in enumerate(parts)])


def _key(adapters: Sequence[Sequence[AdapterSite]]) -> tuple[int, ...]:
    return tuple(id(sites) for sites in adapters)


def _may_drop(module: Any) -> bool:
    return type(module) is nn.Dropout


def _drops(module: Any) -> bool:
    return _may_drop(module) and module.training and module.p > 0


def _rows(down: torch.Tensor, rank: int) -> torch.Tensor:
    missing = rank - down.shape[0]
    return functional.pad(down, (0, 0, 0, missing)) if missing else down


def _columns(up: torch.Tensor, rank: int) -> torch.Tensor:
    missing = rank - up.shape[1]
    return functional.pad(up, (0, missing)) if missing else up
