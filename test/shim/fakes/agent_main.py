"""A real agent with a fake engine and fake ranks: ``python agent_main.py ZYGOTE_MODE FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyterlab_saturn.agent.__main__ import serve
from jupyterlab_saturn.agent.agent import Agent
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.paths import SessionPaths

HERE = Path(__file__).parent


def make(paths: SessionPaths) -> Agent:
    launcher = RankLauncher(
        paths.zygote_log,
        rank_command=[sys.executable, str(HERE / "rank.py")],
        zygote_command=[sys.executable, str(HERE / "zygote.py"), sys.argv[1]],
    )
    command = [sys.executable, "-S", str(HERE / "idle_engine.py")]
    return Agent(paths, command=command, launcher=launcher)


if __name__ == "__main__":
    sys.exit(serve(SessionPaths.of_folder(sys.argv[2]), make=make))
