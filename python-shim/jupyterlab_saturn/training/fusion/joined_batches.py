"""Batches of several tasks as one, and the outputs of each in those of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.utils._pytree import tree_flatten, tree_unflatten

from .adapter_sites import NotFused

_TEXT = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
"""What may be filled up with zeros behind its end, where the mask says so."""
_MOST_PADDING = 1.25
_PLAIN = (bool, int, float, str, type(None))


@dataclass(frozen=True)
class JoinedBatch:
    """Batches with equally many samples, one after another.

    Attributes
    ----------
    members
        Which of those given they are.
    inputs
        Of all of them.
    samples
        Of each.
    lengths
        How long each was before it was filled up; None where all are of one length.
    """

    members: Sequence[int]
    inputs: Any
    samples: int
    lengths: Sequence[int] | None = None

    def pieces(self, outputs: Any) -> list[Any]:
        """What of the outputs is those of each of them.

        What is not by sample, as the keys and values that a model keeps, is left out.

        Raises
        ------
        NotFused
            When nothing is by sample.
        """
        found = self._cut(outputs)
        if found is None:
            raise NotFused("the model's outputs are not by sample")
        return found

    def _cut(self, value: Any) -> list[Any] | None:
        """A value for each of them; None when it is not by sample."""
        if isinstance(value, torch.Tensor):
            return self._cut_tensor(value)
        if isinstance(value, Mapping):
            parts = {key: self._cut(part) for key, part in value.items()}
            known = {key: part for key, part in parts.items() if part is not None}
            own = (
                dict(zip(known, each, strict=True)) for each in zip(*known.values(), strict=True)
            )
            return [type(value)(**one) if _has_attributes(value) else one for one in own] or None
        if isinstance(value, list | tuple):
            cut = [self._cut(part) for part in value]
            if all(part is None for part in cut):
                return None
            each = zip(*(part or [None] * len(self.members) for part in cut), strict=True)
            named = hasattr(value, "_fields")
            return [type(value)(*one) if named else type(value)(one) for one in each]
        return None

    def _cut_tensor(self, value: torch.Tensor) -> list[Any] | None:
        if value.dim() == 0 or value.shape[0] != self.samples * len(self.members):
            return None
        # Its backward puts the gradients end to end, where that of a slice makes one of all parts
        # for each. A loss may change a piece in its place, as nobody else reads the outputs.
        pieces = torch.unsafe_split(value, self.samples)
        lengths = self.lengths
        if lengths is None or value.dim() < 3 or value.shape[1] != max(lengths):
            return list(pieces)
        # Losses may take views of it.
        return [
            piece[:, :length].contiguous() for piece, length in zip(pieces, lengths, strict=True)
        ]


def join(batches: Sequence[Any], *, pads: bool) -> list[JoinedBatch]:
    """Put together which of some batches of inputs go together; each is in one of the results.

    Batches of text that are not of one length are filled up, as long as that makes them no more
    than a quarter longer on the whole.

    Parameters
    ----------
    pads
        Whether they may be filled up.
    """
    alike: dict[Any, list[int]] = {}
    for number, batch in enumerate(batches):
        alike.setdefault(_form(batch, number, pads=pads), []).append(number)
    return [
        joined
        for numbers in alike.values()
        for group in _of_like_length(batches, numbers)
        for joined in [_joined(batches, group)]
    ]


def _form(batch: Any, number: int, *, pads: bool) -> Any:
    """Equal for batches that can be joined; `number` for one that cannot be with any."""
    leaves, structure = tree_flatten(batch)
    tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
    if not tensors or any(tensor.dim() == 0 for tensor in tensors):
        return number
    samples = tensors[0].shape[0]
    others = [leaf for leaf in leaves if not isinstance(leaf, torch.Tensor)]
    if any(tensor.shape[0] != samples for tensor in tensors) or not all(
        isinstance(leaf, _PLAIN) for leaf in others
    ):
        return number
    length = None if pads and _is_text(batch) else [tuple(tensor.shape[1:]) for tensor in tensors]
    kinds = [str(tensor.dtype) for tensor in tensors]
    return str((structure, samples, length, kinds, [repr(leaf) for leaf in others]))


def _is_text(batch: Any) -> bool:
    if not isinstance(batch, Mapping) or "attention_mask" not in batch or not set(batch) <= _TEXT:
        return False
    shapes = {tuple(part.shape) for part in batch.values() if isinstance(part, torch.Tensor)}
    return len(shapes) == 1 and len(next(iter(shapes))) == 2


def _of_like_length(batches: Sequence[Any], numbers: Sequence[int]) -> list[list[int]]:
    """In groups that lose little by being filled up, those of each group in their order."""
    if len(numbers) == 1 or not _is_text(batches[numbers[0]]):
        return [list(numbers)]
    length = {number: _length(batches[number]) for number in numbers}
    groups: list[list[int]] = []
    for number in sorted(numbers, key=lambda each: -length[each]):
        if groups:
            group = groups[-1]
            real = sum(length[each] for each in group) + length[number]
            if length[group[0]] * (len(group) + 1) <= _MOST_PADDING * real:
                group.append(number)
                continue
        groups.append([number])
    return [sorted(group) for group in groups]


def _length(batch: Mapping[str, torch.Tensor]) -> int:
    return int(batch["attention_mask"].shape[1])


def _joined(batches: Sequence[Any], numbers: Sequence[int]) -> JoinedBatch:
    first, structure = tree_flatten(batches[numbers[0]])
    tensors = [leaf for leaf in first if isinstance(leaf, torch.Tensor)]
    samples = tensors[0].shape[0] if tensors and tensors[0].dim() else 1
    if len(numbers) == 1:
        return JoinedBatch(numbers, batches[numbers[0]], samples)
    own = [tree_flatten(batches[number])[0] for number in numbers]
    lengths = [leaves[0].shape[1] if leaves[0].dim() > 1 else 0 for leaves in own]
    unlike = len(set(lengths)) > 1
    joined = [
        _end_to_end(parts, max(lengths) if unlike else None)
        if isinstance(parts[0], torch.Tensor)
        else parts[0]
        for parts in zip(*own, strict=True)
    ]
    inputs = tree_unflatten(joined, structure)
    return JoinedBatch(numbers, inputs, samples, lengths if unlike else None)


def _end_to_end(parts: Sequence[torch.Tensor], length: int | None) -> torch.Tensor:
    if length is None:
        return torch.cat(list(parts))
    return torch.cat([functional.pad(part, (0, length - part.shape[1])) for part in parts])


def _has_attributes(value: Any) -> bool:
    """Whether it is an output of a transformers model, whose entries are attributes, too."""
    return hasattr(value, "to_tuple")
