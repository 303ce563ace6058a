"""Capture: by value, the same name in every kernel, and refusals that name the variable."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import cloudpickle
import pytest
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.capture import MAX_BYTES, Captured, capture

ROOT = Path(__file__).resolve().parents[3]


def captured(shell: Shell, source: str, name: str = "f") -> Captured:
    assert shell.cell(textwrap.dedent(source)) is None
    return capture(shell.user_ns[name])


def refusal(shell: Shell, source: str) -> SaturnError:
    with pytest.raises(SaturnError) as caught:
        captured(shell, source)
    return caught.value


@pytest.mark.parametrize(
    ("define", "kind"),
    [
        ("import threading; thing = threading.Lock()", "lock"),
        ("thing = open('there.txt', 'w')", "open file"),
        ("open('there.txt', 'w').close(); thing = open('there.txt')", "open file"),
        ("thing = (n for n in range(3))", "generator"),
        ("import socket; thing = socket.socket()", "socket"),
    ],
)
def test_what_cannot_travel_is_named(shell: Shell, define: str, kind: str) -> None:
    error = refusal(shell, f"{define}\ndef f():\n    return thing")
    assert error.code == "not-picklable"
    assert "'thing'" in error.message and kind in error.message
    assert "'thing'" in (error.hint or "")


def test_the_way_to_the_variable_is_told(shell: Shell) -> None:
    error = refusal(
        shell,
        """
        import threading
        fine, guard = [1, 2], threading.Lock()
        class Net:
            def forward(self):
                return guard
        def helper():
            return Net(), fine
        def f():
            return helper()
        """,
    )
    assert "'guard'" in error.message
    assert "f -> helper -> forward" in error.message


def test_closures_and_defaults_are_looked_at(shell: Shell) -> None:
    source = """
    import threading
    def make():
        hidden = threading.Lock()
        def inner():
            return hidden
        return inner
    f = make()
    """
    assert "'hidden'" in refusal(shell, source).message
    source = "import threading\ndef f(given=threading.Lock()):\n    return given"
    assert "'given'" in refusal(shell, source).message


def test_large_captures_name_the_largest_variables(shell: Shell) -> None:
    error = refusal(
        shell,
        f"""
        small, huge = bytes(100), bytes({MAX_BYTES})
        def helper():
            return huge
        def f():
            return helper(), small
        """,
    )
    assert error.code == "capture-too-large"
    assert error.message.index("'huge' (32.0 MB)") < error.message.index("'small'")


def test_payloads_run_elsewhere(shell: Shell, home: Path) -> None:
    registered = cloudpickle.list_registry_pickle_by_value()
    (home / "neighbour.py").write_text("SCALE = 3\ndef times(n):\n    return n * SCALE\n")
    found = captured(
        shell,
        """
        import sys; sys.path.insert(0, "")
        import neighbour
        class Model:
            def __init__(self, n): self.n = n
        def helper(n): return Model(neighbour.times(n))
        def f(n):
            return helper(n).n
        """,
    )
    del sys.modules["neighbour"]
    (home / "payload").write_bytes(found.payload)
    run = "import pickle; print(pickle.load(open('payload', 'rb'))(14))"
    (home / "neighbour.py").unlink()
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, cwd=home)
    assert done.stdout == "42\n", done.stderr
    assert cloudpickle.list_registry_pickle_by_value() == registered
    assert found.source.startswith("def f(n):")


SCRIPT = """
import numpy, torch, enum, re
from dataclasses import dataclass
weights = torch.arange(6, dtype=torch.bfloat16).reshape(2, 3)
table = {"a": numpy.ones(3), "words": {"x", "y", "z"}, "pattern": re.compile("a+")}
@dataclass
class Config:
    width: int = %(width)s
class Color(enum.Enum):
    RED = 1
class Net(torch.nn.Module):
    def __init__(self, config=Config()):
        super().__init__()
        self.layer = torch.nn.Linear(config.width, 1)
    def forward(self, x):
        return recursive(3) if x in {"p", "q", "r"} else Color.RED
def recursive(n): return n and recursive(n - 1)
def f(lr):
    return Net(), weights * %(scale)s, table
from jupyterlab_saturn.kernel.capture import capture
print(capture(f).fingerprint)
"""


def fingerprints_in_a_new_kernel(seed: int) -> list[str]:
    """Of the script and of changed ones.

    Hash seeds, cloudpickle's class ids and addresses differ from process to process.
    """
    scripts = [
        SCRIPT % {"width": width, "scale": scale} for width, scale in ((4, 2), (5, 2), (4, 3))
    ]
    done = subprocess.run(
        [sys.executable, "-c", "".join(scripts)],
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT / "python-shim")},
        check=True,
    )
    return done.stdout.splitlines()


def test_fingerprints_are_equal_in_every_kernel_and_change_with_the_code() -> None:
    found = fingerprints_in_a_new_kernel(1)
    assert fingerprints_in_a_new_kernel(2) == found
    assert len(set(found)) == len(found) == 3


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("def f(): return 1", "def f():\n\n    return 1  # a comment", True),
        ("def f(): return 1", "def f(): return 2", False),
        ("def f(): return len([])", "def f(): return sum([])", False),
        ("k = 1\ndef f(): return k", "k = 2\ndef f(): return k", False),
        ("k = 1\ndef f(): return 1", "k = 2\ndef f(): return 1", True),
        ("def g(): return 1\ndef f(): return g()", "def g(): return 2\ndef f(): return g()", False),
        (
            "class C:\n    def m(self): return 1\ndef f(): return C()",
            "class C:\n    def m(self): return 2\ndef f(): return C()",
            False,
        ),
        ("def f(a=1): return a", "def f(a=2): return a", False),
        (
            "import numpy\nd = numpy.zeros(3)\ndef f(): return d",
            "import numpy\nd = numpy.ones(3)\ndef f(): return d",
            False,
        ),
        (
            "from functools import partial\ng = partial(int, base=2)\ndef f(): return g",
            "from functools import partial\ng = partial(int, base=8)\ndef f(): return g",
            False,
        ),
        (
            "a, b = (1, 2), (1, 2)\ndef f(): return a, b",
            "a = b = (1, 2)\ndef f(): return a, b",
            True,
        ),
    ],
)
def test_fingerprints_see_what_matters(
    shell: Shell,
    before: str,
    after: str,
    same: bool,
) -> None:
    first = captured(shell, before).fingerprint
    assert (captured(shell, after).fingerprint == first) is same
