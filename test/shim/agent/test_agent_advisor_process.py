"""The agent's hold on an advisor, which is a small script here."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from jupyterlab_saturn.agent.advisor_process import AdvisorProcess
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.whole_files import is_alive
from waiting import SECONDS

SCRIPT = """
import json, os, pathlib, sys, time
life = pathlib.Path(sys.argv[1])
number = len(life.read_text().split()) if life.exists() else 0
with life.open("a") as file:
    print(os.getpid(), file=file)
print(f"life {number} prints", file=sys.stderr, flush=True)
for line in sys.stdin:
    question = json.loads(line)
    answer = {"id": question["id"], "points": [{"life": number}]}
    match question["id"]:
        case "dies-once" if number == 0:
            sys.exit(3)
        case "hangs-once" if number == 0:
            time.sleep(300)
        case "dies":
            os.kill(os.getpid(), 9)
        case "babbles":
            print("libraries print what they like", flush=True)
            continue
        case "other":
            answer["id"] = "another"
        case "huge":
            answer["points"] *= 500_000
        case "refused":
            answer = {"id": "refused", "error": {"code": "no-optuna", "message": "None."}}
    print(json.dumps(answer), flush=True)
"""


def question(id: str) -> Json:
    space = {"x": {"low": 0, "high": 1, "scale": "linear"}}
    return {
        "id": id, "seed": 0, "first": 0, "count": 1, "goal": "max", "space": space, "known": []
    }  # fmt: skip


def play(
    tmp_path: Path,
    act: Callable[[AdvisorProcess, Callable[[], list[int]]], Awaitable[None]],
    answer_seconds: float = 60.0,
) -> None:
    """Let something happen to an advisor that is ended afterwards; of which nothing is left."""
    script, lives = tmp_path / "advisor.py", tmp_path / "lives"
    script.write_text(SCRIPT)

    def pids() -> list[int]:
        return [int(pid) for pid in lives.read_text().split()] if lives.exists() else []

    async def work() -> None:
        advisor = AdvisorProcess(
            tmp_path / "advisor.log",
            command=[sys.executable, "-S", str(script), str(lives)],
            answer_seconds=answer_seconds,
            first_pause=0.01,
        )
        try:
            async with asyncio.timeout(SECONDS):
                await act(advisor, pids)
        finally:
            await advisor.end()

    asyncio.run(work())
    assert not any(is_alive(pid) for pid in pids())


def test_it_is_started_when_it_is_first_asked_and_stays(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        assert advisor.pid is None and pids() == []
        both = await asyncio.gather(advisor.ask(question("a")), advisor.ask(question("b")))
        assert both == [{"id": id, "points": [{"life": 0}]} for id in "ab"]
        assert pids() == [advisor.pid]

    play(tmp_path, act)


def test_one_that_dies_of_a_question_is_made_again_and_asked_again(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        assert await advisor.ask(question("dies-once")) == {
            "id": "dies-once",
            "points": [{"life": 1}],
        }
        assert len(pids()) == 2

    play(tmp_path, act)


def test_one_that_was_killed_between_questions_is_made_again(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        await advisor.ask(question("a"))
        await advisor.end()
        assert not is_alive(pids()[0])
        assert (await advisor.ask(question("b")))["points"] == [{"life": 1}]

    play(tmp_path, act)


def test_one_that_is_silent_is_killed_and_made_again(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        answer = await advisor.ask(question("hangs-once"))
        assert answer["points"] == [{"life": 1}]
        assert not is_alive(pids()[0])

    play(tmp_path, act, answer_seconds=2.0)


def test_what_fails_again_and_again_is_told(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        for number, id in enumerate(("dies", "babbles", "other", "huge"), start=1):
            answer = await advisor.ask(question(id))
            assert answer["id"] == id and "points" not in answer
            error = answer["error"]
            assert error["code"] == "no-advice"
            assert "--search random" in error["hint"]
            assert "life 0 prints" in error["traceback"]
            assert len(pids()) == 4 * number and advisor.pid is None
        assert "points" in await advisor.ask(question("a"))

    play(tmp_path, act)


def test_one_that_refuses_is_asked_once_and_gives_way_to_another(tmp_path: Path) -> None:
    async def act(advisor: AdvisorProcess, pids: Callable[[], list[int]]) -> None:
        answer = await advisor.ask(question("refused"))
        assert answer["error"]["code"] == "no-optuna"
        assert len(pids()) == 1 and not is_alive(pids()[0])
        assert (await advisor.ask(question("a")))["points"] == [{"life": 1}]

    play(tmp_path, act)


def test_one_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    async def work() -> None:
        advisor = AdvisorProcess(
            tmp_path / "log", command=[str(tmp_path / "nothing")], first_pause=0.01
        )
        answer = await advisor.ask(question("a"))
        assert answer["error"]["code"] == "no-advice"

    asyncio.run(work())
