"""What a factory makes for Lightning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parts:
    """What a factory made for Lightning.

    Attributes
    ----------
    made
        All of it, as it came.
    data
        A ``LightningDataModule``; or nothing but `loaders`, or what the module itself has.
    loaders
        Given beside the module: to train, and to validate.
    trainer
        A Lightning ``Trainer``, the dict of a Trainer's options, or None.
    """

    made: Any
    module: Any
    data: Any
    loaders: tuple[Any, ...]
    trainer: Any
