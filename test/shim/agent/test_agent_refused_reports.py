"""What cannot be sent as it is: the engine hears why, and waits for nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fakes.bench import EngineEar, session
from jupyterlab_saturn import wire
from jupyterlab_saturn.agent.engine_link import EngineLink
from jupyterlab_saturn.paths import engine_endpoint

LIMIT = wire.schema()["maxBytes"]
CELL = {
    "signature": "s",
    "strategy": {"technique": "single", "devices": 1},
    "status": "failed",
    "source": "measured",
    "error": {"code": "x", "message": "y" * LIMIT},
}
HELLO: Any = {"node": {"id": "n", "devices": []}, "groups": [], "trials": [], "inspecting": []}
EVENT = {"task": "t", "attempt": 1, "time": 1.0}
METRICS = {f"metric-{number}": 0.5 for number in range(LIMIT // 12)}


def heard_for(type: Any, body: Any) -> Any:
    """What the engine hears when a report is said, on real sockets."""

    async def main() -> Any:
        with session() as (paths, _), EngineEar(paths) as ear:
            link = EngineLink(
                engine_endpoint(paths.runtime),
                hello=lambda: HELLO,
                connected=lambda: None,
                heard=lambda _: None,
            )
            link.open()
            try:
                report = wire.message("agent", type, body)
                link.say(report)
                told = await asyncio.to_thread(ear.hear, type)
                assert told["id"] == report["id"]
                assert [each["id"] for each in link.unacknowledged()] == [report["id"]]
                ear.acknowledge(told)
                while link.unacknowledged():
                    await asyncio.sleep(0.01)
                return told["body"]
            finally:
                link.terminate()

    return asyncio.run(main())


def test_an_inspection_that_is_too_large_has_failed_for_that() -> None:
    error = {"code": "task-failed", "message": "z" * LIMIT}
    small = {"task": "small", "hash": "h", "error": {"code": "task-failed", "message": "no"}}
    results = [small, {"task": "t", "hash": "h", "error": error}]
    told = heard_for("inspect.results", {"results": results})["results"]
    assert [(each["task"], each["hash"]) for each in told] == [("small", "h"), ("t", "h")]
    assert [each["error"]["code"] for each in told] == ["task-failed", "too-large"]


def test_a_trial_that_is_too_large_has_failed_for_that() -> None:
    told = heard_for("trial.result", {"trial": "trial-1", "cell": CELL})
    assert told["cell"]["error"]["code"] == "too-large"
    assert told["cell"]["strategy"] == CELL["strategy"]


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        ("finished", {"step": 9, "result": {"metrics": METRICS}}, "evaluationError"),
        ("failed", {"error": CELL["error"]}, "error"),
        ("validated", {"step": 4, "metrics": METRICS}, None),
    ],
)
def test_an_event_that_is_too_large_tells_what_it_can(
    kind: str, facts: dict[str, Any], expected: str | None
) -> None:
    told = heard_for("group.event", {**EVENT, "kind": kind, **facts})
    assert (told["kind"], told.get("step")) == (kind, facts.get("step"))
    where = told.get("result", told)
    assert (where[expected]["code"] if expected else expected) == (
        "too-large" if expected else None
    )
