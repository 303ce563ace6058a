"""``python -m jupyterlab_saturn.advisor``: think up points of sweeps, as a child of an agent.

Each line of its standard input is an `Advise`, which an `Advice` answers by a line on standard
output. The end of its input tells it to leave. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from ..errors import SaturnError, failure_of
from ..wire import check_size, schema, validate

if TYPE_CHECKING:
    from ..generated.wire_types import Advice, Advise

_OLDEST = 4
"""Major version of Optuna."""
_WAY_ON = "Or search without it: --search random"


def _answer(line: bytes) -> Advice:
    id = ""
    try:
        question = _question(line)
        id = question["id"]
        _find_optuna()
        # Here, as only an answer needs it: that it is missing is an answer, too.
        from .suggestion import suggest

        return {"id": id, "points": suggest(question)}
    except ValueError as error:
        failure = SaturnError(
            "no-advice", f"Optuna cannot search these points: {error}.", _WAY_ON
        ).to_json()
        return {"id": id, "error": failure}
    except Exception as error:
        return {"id": id, "error": failure_of(error, "no-advice")}


def _question(line: bytes) -> Advise:
    """Raises SaturnError ``bad-message`` or ``too-large``."""
    check_size(line)
    try:
        question: Advise = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SaturnError("bad-message", f"A question is not JSON: {error}.") from None
    validate("Advise", question)
    return question


def _find_optuna() -> None:
    """Raises SaturnError ``no-optuna``."""
    try:
        import optuna
    except ImportError as error:
        what = "is not installed" if error.name == "optuna" else f"cannot be loaded: {error}"
    else:
        if int(optuna.__version__.split(".")[0]) >= _OLDEST:
            optuna.logging.set_verbosity(optuna.logging.WARNING)
            return
        what = f"is here as version {optuna.__version__}, which is too old"
    raise SaturnError(
        "no-optuna",
        f"TPE needs Optuna, which {what} ({sys.executable}).",
        f"pip install 'jupyterlab-saturn[search]'. {_WAY_ON}",
    )


def _lines(source: BinaryIO) -> Iterator[bytes]:
    """Lines; of one that is longer than a message may be so much that this shows."""
    most = schema()["maxBytes"] + 2
    while line := source.readline(most):
        yield line.rstrip(b"\n")
        while len(line) == most and not line.endswith(b"\n"):
            line = source.readline(most)


def main() -> None:
    """Answer until the input ends."""
    # Libraries print to 1: it becomes the log.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in _lines(sys.stdin.buffer):
        data = json.dumps(_answer(line), allow_nan=False).encode()
        answers.write(data + b"\n")
        answers.flush()


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    main()
