"""The notebook's environment variables: which are secrets, which the notebook itself has set."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..agent.agent_launch import lasting

# Set by kernels and libraries themselves, when they start.
_SET_BY_OTHERS = frozenset(
    {
        *("CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "GIT_PAGER", "MPLBACKEND", "PAGER", "TERM"),
        *("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "PYDEVD_USE_FRAME_EVAL"),
        "TORCHINDUCTOR_CACHE_DIR",
    }
)
_HARMLESS_VALUE = re.compile(r"|[0-9]{1,3}|true|false|yes|no|on|off", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|pwd|credential|cred$|auth|cookie|private|api_?key|key$|^key"
    r"|key_?id|signature|dsn|conn(ection)?_?str|webhook|license|session",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"://[^/\s@]+@"  # a user or password in an address
    r"|-----BEGIN"
    r"|\b(hf_|sk-|gh[a-z]_|github_pat_|glpat-|xox[a-z]-|AKIA|ASIA|eyJ)"
    # Long runs of letters and digits mixed are no words.
    r"|(?=[A-Za-z0-9]*[0-9])(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]{20,}"
)


@dataclass(frozen=True)
class Environment:
    """Variables that tasks are to see.

    Attributes
    ----------
    variables
        Those whose values may be written to a file of the user's own.
    secrets
        The others. What looks as if it could be a secret counts as one: it costs little.
    changed
        Names of those the notebook has set or taken away since its kernel began.
    """

    variables: dict[str, str]
    secrets: dict[str, str]
    changed: frozenset[str]


def notebook_environment(now: Mapping[str, str] | None = None) -> Environment:
    """The environment of this kernel; `now` in its place when given."""
    now = os.environ if now is None else now
    begun = lasting(_at_start())
    known = lasting(now)
    secrets = {name: value for name, value in known.items() if is_secret(name, value)}
    return Environment(
        variables={name: value for name, value in known.items() if name not in secrets},
        secrets=secrets,
        changed=frozenset(
            name
            for name in {*known, *begun}
            if name not in _SET_BY_OTHERS and begun.get(name) != known.get(name)
        ),
    )


def is_secret(name: str, value: str) -> bool:
    """Whether a variable may hold what nobody else is to read."""
    if _HARMLESS_VALUE.fullmatch(value):
        return False
    return bool(_SECRET_NAME.search(name) or _SECRET_VALUE.search(value))


def _at_start() -> dict[str, str]:
    """What this process was started with (proc_pid_environ(5)); the present where unknown."""
    try:
        text = os.fsdecode(Path("/proc/self/environ").read_bytes())
    except OSError:
        return dict(os.environ)
    return dict(entry.split("=", 1) for entry in text.split("\0") if "=" in entry)
