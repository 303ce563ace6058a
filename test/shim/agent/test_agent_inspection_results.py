from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent import inspection_results
from jupyterlab_saturn.agent.inspection_results import InspectionResults
from waiting import SECONDS

Json = dict[str, Any]


def result(number: int) -> Any:
    error = {"code": "factory-failed", "message": "no"}
    return {"task": f"t{number}", "hash": "h", "error": error}


def test_results_that_follow_closely_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection_results, "_SECONDS", 600.0)
    said: list[list[str]] = []

    def say(message: Any) -> None:
        wire.encode("agent", message)
        said.append([each["task"] for each in message["body"]["results"]])

    async def main() -> None:
        results = InspectionResults(say)
        for number in range(36):
            results.add(result(number))
        assert [len(tasks) for tasks in said] == [1, 32]
        assert results.tasks == ["t33", "t34", "t35"]
        results.flush()
        results.flush()
        assert results.tasks == []

    asyncio.run(main())
    assert [len(tasks) for tasks in said] == [1, 32, 3]
    assert [task for tasks in said for task in tasks] == [f"t{number}" for number in range(36)]


def test_what_is_kept_is_told_soon() -> None:
    said: list[Json] = []

    async def main() -> None:
        results = InspectionResults(said.append)  # type: ignore[arg-type]
        for number in range(3):
            results.add(result(number))
        async with asyncio.timeout(SECONDS):
            while results.tasks:
                await asyncio.sleep(0.01)

    asyncio.run(main())
    assert [len(message["body"]["results"]) for message in said] == [1, 2]
