"""What decides the trained weights is told from what only measures them."""

from __future__ import annotations

import textwrap

import pytest
from fakes.shell import Shell
from jupyterlab_saturn.kernel.capture import Captured, capture

PLAIN = """
class Task:
    pass
class SFTTrainer(Task):
    pass
def f(lr=0.1):
    model = [lr]
    return Task(model=model, lr=lr)
"""
MEASURED = """
import math
class Task:
    pass
class SFTTrainer(Task):
    pass
def near(a, b):
    return a - b
def f(lr=0.1):
    model = [lr]
    from statistics import mean
    def inner(x):
        return near(mean(x), 0)
    def measure(x):
        return {"off": inner(x)}
    return Task(model=model, lr=lr, metrics=measure)
"""


def captured(shell: Shell, source: str) -> Captured:
    assert shell.cell(textwrap.dedent(source)) is None
    return capture(shell.user_ns["f"])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("inner(x)}", "2 * inner(x)}"),
        ("return a - b", "return abs(a - b)"),
        ("near(mean(x), 0)", "near(mean(x), math.pi)"),
        ("import mean", "import mean, median"),
        ("metrics=measure", "metrics=measure, best='off:min'"),
        ("metrics=measure", "metrics={'a': lambda x, y: 1}, export=near, prediction=inner"),
    ],
)
def test_evaluation_is_no_part_of_what_trains(shell: Shell, old: str, new: str) -> None:
    plain = captured(shell, PLAIN)
    first = captured(shell, MEASURED)
    changed = captured(shell, MEASURED.replace(old, new))
    assert plain.training == plain.fingerprint
    assert first.training == changed.training == plain.training
    assert len({plain.fingerprint, first.fingerprint, changed.fingerprint}) == 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr=lr, metrics", "lr=2 * lr, metrics"),
        ("model = [lr]", "model = [lr, near(1, 2)]"),
        ("model = [lr]", "model = [lr, near]"),
        ("f(lr=0.1)", "f(lr=0.2)"),
    ],
)
def test_what_trains_is(shell: Shell, old: str, new: str) -> None:
    first, changed = captured(shell, MEASURED), captured(shell, MEASURED.replace(old, new))
    assert first.training != changed.training


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("lr=lr, metrics", "stop_early=min, metrics"),
        ("lr=lr, metrics", "keep_best=True, metrics"),
        ("lr=lr, metrics", "args={'load_best_model_at_end': True}, metrics"),
        ("lr=lr, metrics", "callbacks=[], metrics"),
        ("model = [lr]", "model = locals()"),
        ("model = [lr]", "model = dict(load_best_model_at_end=True)"),
        ("return a - b", "return dict(metric_for_best_model=a)"),
        ("Task(model", "Other(model"),
        ("metrics=measure", "metrics=(lr := measure)"),
        ("    return Task(", "    return (lambda **k: k)("),
    ],
)
def test_when_in_doubt_all_of_it_trains(shell: Shell, old: str, new: str) -> None:
    source = MEASURED.replace(old, new)
    assert source != MEASURED
    found = captured(shell, source)
    assert found.training == found.fingerprint


def test_a_trainer_is_known_by_its_name(shell: Shell) -> None:
    source = MEASURED.replace("Task(model", "SFTTrainer(model").replace(
        "metrics=", "compute_metrics="
    )
    changed = source.replace("inner(x)}", "-inner(x)}")
    assert captured(shell, source).training == captured(shell, changed).training
    with_metrics = MEASURED.replace("Task(model", "SFTTrainer(model")
    found = captured(shell, with_metrics)
    assert found.training == found.fingerprint


def test_a_function_without_source_is_taken_whole(shell: Shell) -> None:
    namespace = shell.user_ns
    exec(compile(textwrap.dedent(MEASURED), "<nowhere>", "exec"), namespace)
    found = capture(namespace["f"])
    assert found.training == found.fingerprint


def test_a_notebook_may_import_from_the_future(shell: Shell) -> None:
    assert shell.cell("from __future__ import annotations") is None
    first = captured(shell, MEASURED)
    changed = captured(shell, MEASURED.replace("inner(x)}", "2 * inner(x)}"))
    assert first.training == changed.training != first.fingerprint
