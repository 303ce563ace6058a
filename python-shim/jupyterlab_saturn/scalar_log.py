"""What a forward or a loss logs of a step.

``from jupyterlab_saturn import log``, then ``log("aux_loss", aux)`` where `aux` is computed.
Outside of training it changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .errors import SaturnError

Listener = Callable[[str, Any], None]
"""Told of a name and its value, a number or a tensor of one."""

OF_STEPS = ("loss", "lr", "grad_norm", "step_seconds", "samples_per_second", "peak_bytes")
"""What is logged of every step, as far as it is known."""

NAMES_MOST = 256

EVALUATED = "eval/"
"""Begins the names of what an evaluation measured, where they are beside those of steps."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@:+ -]{0,99}")
_TAKEN = frozenset({*OF_STEPS, "step", "task", "time"})
_ELSEWHERE = "train/"

_listener: Listener | None = None
_known: set[str] = set()


def listen(listener: Listener | None) -> Listener | None:
    """Have a listener told from now on, nobody when None. Returns who was told before."""
    global _listener
    before, _listener = _listener, listener
    return before


def log(name: str, value: Any) -> None:
    """Log a number of the step that is being made, beside its loss.

    Valid in a task's loss and forward, and in a training loop of one's own; elsewhere, as in a
    notebook or an evaluation, it does nothing. It does not wait for the device: hand over the
    tensor, not its ``item()``. The log holds the mean over the batch of all devices, weighed as
    the loss is; of several calls in a forward, the mean of them. Where activations are computed
    again for the backward, the first time counts. In a loop of one's own, a name that was logged
    where gradients are recorded counts only there: without them the same code evaluates.

    Parameters
    ----------
    name
        Up to 100 letters, digits and ``_ . / @ : + -``; another one than those of what is logged
        in any case, such as ``loss`` and ``lr``.
    value
        A number, or a tensor of one: a mean over samples, for means of parts to average.

    Raises
    ------
    SaturnError
        ``bad-log`` for other names and values.
    """
    if name not in _known:
        require_name(name)
        _known.add(name)
    if not is_scalar(value):
        raise SaturnError(
            "bad-log",
            f"What is logged as {name!r} is not one number but {_kind(value)}.",
            "Log a number or a tensor of one element, such as the mean: log(name, value.mean()).",
        )
    if _listener is not None:
        _listener(name, value)


def log_foreign(name: str, value: Any) -> None:
    """As `log`, by the logging of a library: what it takes and `log` does not finds its place.

    A value that is no number is left out, as are names beyond `NAMES_MOST`; a name that is not to
    be had gets another.
    """
    if _listener is None or not is_scalar(value):
        return
    fitting = name_in_log(name)
    if fitting in _known or len(_known) < NAMES_MOST:
        _known.add(fitting)
        _listener(fitting, value)


def require_name(name: object) -> None:
    """Raises SaturnError ``bad-log`` for what cannot be a name in the log of a step."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SaturnError(
            "bad-log",
            f"{name!r} cannot be the name of a logged value.",
            "Use up to 100 letters, digits, underscores, dots, slashes and dashes.",
        )
    if name in _TAKEN or name.startswith(EVALUATED):
        raise SaturnError(
            "bad-log",
            f"The name {name!r} is taken by what is logged in any case.",
            f"Use another one, such as {_ELSEWHERE + name!r}.",
        )
    if len(_known) >= NAMES_MOST:
        raise SaturnError(
            "bad-log",
            f"{name!r} would be one more than {NAMES_MOST} names of logged values.",
            "A name is a curve: let names not depend on the step or the sample.",
        )


def name_in_log(name: str) -> str:
    """A name as the log of a step may have it."""
    fitting = re.sub(r"[^A-Za-z0-9_./@:+ -]", "_", name).lstrip("./@:+ -")[:90] or "_"
    taken = fitting in _TAKEN or fitting.startswith(EVALUATED)
    return f"{_ELSEWHERE}{fitting}" if taken else fitting


def is_scalar(value: Any) -> bool:
    """Whether a value is one real number: of Python, NumPy or PyTorch."""
    if isinstance(value, int | float):
        return True
    if hasattr(value, "is_complex"):
        return bool(value.numel() == 1 and not value.is_complex())
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return kind in tuple("biuf") and getattr(value, "size", None) == 1


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    return f"a {type(value).__name__}" + (f" of shape {tuple(shape)}" if shape is not None else "")
