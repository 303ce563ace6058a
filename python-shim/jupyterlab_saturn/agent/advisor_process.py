"""The advisor of searches: a process of its own, made again when it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SaturnError, failure_of
from ..patience import patience
from ..wire import validate
from .backoff import Backoff
from .child_process import start_child
from .log_tail import tail

if TYPE_CHECKING:
    from ..generated.wire_types import Advice, Advise, Failure

_log = logging.getLogger(__name__)

_FIRST_PAUSE = 0.5
_ANSWER_SECONDS = 120.0
"""A question with thousands of known points takes some seconds."""

ADVISOR_COMMAND = (sys.executable, "-P", "-m", "jupyterlab_saturn.advisor")


class AdvisorProcess:
    """Asks an advisor, which is started when there is a first question.

    It has Optuna loaded, which the agent has no need of. Each question tells it all, so that
    one that is lost in the middle is asked again of another. Its standard input is a pipe that
    this process holds, whose end tells it to leave.

    Parameters
    ----------
    log
        File for what the advisor, and Optuna in it, print.
    command
        What to run.
    answer_seconds
        One that is silent for longer is lost, unless the machine has too much to do.
    first_pause
        Seconds before a lost one is made again; twice as long each further time.
    """

    def __init__(
        self,
        log: Path,
        *,
        command: Sequence[str] = ADVISOR_COMMAND,
        answer_seconds: float = _ANSWER_SECONDS,
        first_pause: float = _FIRST_PAUSE,
    ) -> None:
        self._log = log
        self._command = tuple(command)
        self._answer_seconds = answer_seconds
        self._first_pause = first_pause
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Pid of the advisor, while there is one."""
        return None if self._process is None else self._process.pid

    async def ask(self, question: Advise) -> Advice:
        """The answer to a question, those before it answered; or why there is none."""
        async with self._asking:
            backoff = Backoff(self._first_pause)
            while True:
                try:
                    answer = await self._answer(question)
                except Exception as error:
                    _log.warning("The advisor is lost. %s", error)
                    await self.end()
                    if await backoff.again():
                        continue
                    return {"id": question["id"], "error": self._failure(error)}
                if "error" in answer:
                    await self.end()  # another may find what this one did not
                return answer

    async def end(self) -> None:
        """Have no advisor."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # it has nothing to save
            await process.wait()

    def _failure(self, error: Exception) -> Failure:
        failure = SaturnError(
            "no-advice",
            f"No further points can be thought up. {failure_of(error)['message']}",
            f"Its log is {self._log}. Or search without it: --search random",
        )
        failure.traceback = tail(self._log)
        return failure.to_json()

    async def _answer(self, question: Advise) -> Advice:
        process = self._process or await self._start()
        assert process.stdin is not None and process.stdout is not None
        try:
            seconds = patience(self._answer_seconds)
            async with asyncio.timeout(seconds):
                process.stdin.write(json.dumps(question).encode() + b"\n")
                await process.stdin.drain()
                line = await process.stdout.readline()
        except TimeoutError:
            raise _lost(f"The advisor was silent for {seconds:g} s.") from None
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            code = await process.wait()
            raise _lost(f"The advisor ended with code {code}.")
        answer: Advice = json.loads(line)
        validate("Advice", answer)
        if answer["id"] != question["id"]:
            raise _lost("The advisor answers another question.")
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await start_child(self._command, self._log)
        return self._process


def _lost(message: str) -> SaturnError:
    return SaturnError("advisor-lost", message)
