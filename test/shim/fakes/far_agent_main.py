"""A real agent of another node with fake ranks: ``far_agent_main.py ZYGOTE_MODE NODE FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyterlab_saturn.agent.agent import Agent
from jupyterlab_saturn.agent.far_agent import serve_far
from jupyterlab_saturn.agent.group_limits import Limits
from jupyterlab_saturn.agent.rank_launcher import RankLauncher
from jupyterlab_saturn.paths import SessionPaths

HERE = Path(__file__).parent


def make(paths: SessionPaths, address: str | None) -> Agent:
    launcher = RankLauncher(
        paths.zygote_log,
        rank_command=[sys.executable, str(HERE / "rank.py")],
        zygote_command=[sys.executable, str(HERE / "zygote.py"), sys.argv[1]],
    )
    return Agent(paths, launcher=launcher, limits=Limits(unheard=4.0), address=address)


if __name__ == "__main__":
    sys.exit(serve_far(sys.argv[3], sys.argv[2], "10.0.0.2", make=make))
