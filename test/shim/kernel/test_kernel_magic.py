"""`%saturn` in a real shell: what is understood, what is refused, what is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fakes.engine import FakeEngine
from fakes.shell import Shell
from jupyterlab_saturn.errors import SaturnError
from jupyterlab_saturn.kernel.line_splitting import split_words
from jupyterlab_saturn.kernel.options import find_verb, parse
from jupyterlab_saturn.kernel.progress import Progress
from jupyterlab_saturn.kernel.session import Session
from jupyterlab_saturn.kernel.verbs import VERBS

README = Path(__file__).resolve().parents[3] / "README.md"
CELL = "def digits(model, lr=0.1):\n    ...\n"


@pytest.mark.parametrize(
    ("cell", "code", "hint"),
    [
        ("%saturn plann", "unknown-verb", "Did you mean plan?"),
        ("%saturn dance", "unknown-verb", "%saturn help"),
        ("%saturn plan --sceonds 2", "unknown-option", "Did you mean --seconds?"),
        ("%saturn profile --sweep a=1", "unknown-option", "%saturn help profile"),
        ("%saturn plan --seconds", "bad-option", "--seconds 2"),
        ("%saturn plan --seconds soon", "bad-option", "--seconds 2"),
        ("%saturn plan --seconds 1 --seconds 2", "bad-option", "once"),
        ("%saturn plan --seconds 0", "bad-budget", "3600"),
        ("%saturn plan fsdp", "bad-option", "%saturn plan"),
        ("%saturn plan --exclude fsdp,", "bad-option", "fsdp,ddp"),
        ("%saturn profile --force=yes", "bad-option", "--force"),
        ("%saturn cluster --cpu 0", "no-devices", "--cpu 2"),
        ("%saturn cluster --gpu 0", "no-devices", "--cpu 2"),
        ("%saturn cluster --gpu some", "bad-option", "--gpu all"),
        ("%saturn cluster --gpu 2²", "bad-option", "--gpu all"),
        ("%saturn cluster --cpu 2 --memory lots", "bad-memory", "4GB"),
        ("%saturn cluster --auto --cpu 2", "bad-option", "--auto"),
        ("%saturn cluster --ray auto --node gpu-1", "bad-option", "--node NAME"),
        ("%saturn remove", "no-tasks", "Name"),
        ("%saturn stop 'open", "bad-quotes", "Close it"),
        ("%saturn run --early 10", "bad-early", "--early 10%"),
        ("%saturn run --early soon", "bad-early", "--early 10%"),
        ("%saturn clone", "bad-option", "%saturn clone"),
        ("%saturn clone a lr", "bad-clone", "lr=1e-4"),
        ("%saturn clone a lr=1 lr=2", "bad-clone", "once"),
        ("%saturn clone a lr=1,2", "bad-clone", "each value"),
        ("%saturn clone a lr=1 --from the-end", "bad-clone", "--from last"),
        ("%saturn clone a lr=(1,2)", "bad-sweep", "lists"),
        ("%saturn clone a lr=1 --epochs 0", "bad-length", "above 0"),
        ("%saturn session a/b", "bad-session-name", "letters"),
        ("%saturn session a b", "bad-option", "%saturn session"),
        ("%saturn task --sweep a=1", "not-a-line", "%%saturn task"),
        ("%saturn task --factory nobody", "no-function", "--factory"),
        ("%saturn log", "bad-option", "%saturn log"),
        ("%saturn log a --lines 0", "bad-option", "--lines 100"),
        ("%saturn log nobody", "unknown-task", "%saturn status"),
        ("%%saturn task digits\ndef digits(): ...", "bad-option", "leave 'digits' out"),
        ("%%saturn task\nasync def f(): ...", "not-a-function", "instead of async def"),
        ("%%saturn task\ndef f():\n    !ls\n", "not-picklable", "subprocess.run"),
        ("%%saturn task\ndef f():\n    %time g()\n", "not-picklable", "%time"),
        ("%saturn cache --all", "bad-option", "--clear --all"),
        ("%saturn cache --claer", "unknown-option", "Did you mean --clear?"),
        ("%saturn profile --fulll", "unknown-option", "Did you mean --full?"),
        ("%saturn technique registre a:B", "bad-option", "Did you mean register?"),
        ("%saturn technique dance", "bad-option", "register, list"),
        ("%saturn technique register", "bad-option", "module:Class"),
        ("%saturn technique register mine", "bad-technique", "module:Class"),
        ("%saturn technique register a:B --name ddp", "bad-technique", "another name"),
        ("%saturn technique register a:B --name Big", "bad-technique", "small letters"),
        ("%saturn technique register a:B --devices 2", "bad-option", "check"),
        ("%saturn technique check ddp --name x", "bad-option", "register"),
        ("%saturn technique check nobody", "unknown-technique", "single, ddp"),
        ("%saturn technique check ddp --devices two", "bad-option", "--devices 1,2"),
        ("%saturn technique check ddp --devices 0", "bad-option", "--devices 1,2"),
        ("%saturn technique remove", "bad-option", "remove NAME"),
        ("%%saturn technique\nclass A: ...", "bad-option", "%%saturn technique zero"),
        ("%%saturn technique a b\nclass A: ...", "bad-option", "%%saturn technique zero"),
        ("%%saturn technique ddp\nclass A: ...", "bad-technique", "another name"),
        ("%%saturn technique mine\nx = 1", "bad-technique", "docs/techniques.md"),
        ("%%saturn technique mine\n%time x", "bad-technique", "magics"),
        ("%%saturn technique mine\nclass A:\n    name = 'b'", "bad-technique", "technique b"),
        ("%%saturn plan\n" + CELL, "not-a-cell", "%%saturn task"),
        ("%%saturn\n" + CELL, "not-a-cell", "%%saturn task"),
        ("%%saturn task --sweep model=a,,b\n" + CELL, "bad-sweep", "lr=1e-3"),
        ("%%saturn task --sweep modle=a\n" + CELL, "bad-parameters", "own parameters"),
        ("%%saturn task --sweep lr=1\n" + CELL, "bad-parameters", "--sweep model="),
        ("%%saturn task --sweep model=a,a\n" + CELL, "duplicate-point", "Leave out one"),
        ("%%saturn task --epochs 0 --sweep model=a\n" + CELL, "bad-length", "above 0"),
        ("%%saturn task --sweep model=a\nx = 1", "no-function", "--factory"),
        ("%%saturn task --sweep model=a --factory nobody\n" + CELL, "no-function", "--factory"),
    ],
)
def test_bad_lines_fail_with_advice(
    shell: Shell, engine: FakeEngine, cell: str, code: str, hint: str
) -> None:
    error = shell.cell(cell)
    assert isinstance(error, SaturnError)
    assert error.code == code
    assert hint in (error.hint or "")
    # A message in red, not the way through our code.
    assert shell.tracebacks == ["\n".join(error._render_traceback_())]
    assert "Traceback" not in shell.tracebacks[0] and error.message in shell.tracebacks[0]
    assert "tasks.add" not in engine.types()


def test_a_task_cell_adds_its_sweep(shell: Shell, engine: FakeEngine) -> None:
    header = "%%saturn task --sweep model=mlp,cnn lr=1e-3,3e-3 --epochs 2 --seed 7 --replace\n"
    assert shell.cell(header + "def helper(): ...\n" + CELL + "x = 5") is None
    body = dict(engine.received)["tasks.add"]
    assert body["replace"] is True
    assert [spec["name"] for spec in body["tasks"]][:2] == ["digits-mlp-1e-3", "digits-mlp-3e-3"]
    assert {(spec["epochs"], spec["seed"]) for spec in body["tasks"]} == {(2.0, 7)}
    assert body["tasks"][0]["source"].startswith("def digits(model, lr=0.1):")
    assert all("source" not in spec for spec in body["tasks"][1:])
    assert "origin" not in body["tasks"][0]
    assert shell.user_ns["x"] == 5
    names = [spec["name"] for spec in body["tasks"]]
    assert shell.texts() == [f"the tasks of {', '.join(names)}"]


def test_a_task_cell_knows_its_notebook_cell(
    shell: Shell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = {"metadata": {"cellId": "cell-7"}}
    monkeypatch.setattr(shell, "get_parent", lambda: parent, raising=False)
    shell.cell("%%saturn task --sweep model=a\n" + CELL)
    assert dict(engine.received)["tasks.add"]["tasks"][0]["origin"] == "cell-7"


def test_a_function_that_trains_by_itself_is_said_to(shell: Shell, engine: FakeEngine) -> None:
    for header in ("%%saturn task --sweep model=a --native\n", "%%saturn task --sweep model=a\n"):
        assert shell.cell(header + CELL) is None
    bodies = [body for type, body in engine.received if type == "tasks.add"]
    native, plain = (body["tasks"][0] for body in bodies)
    assert native["native"] is True
    assert "native" not in plain
    assert native["hash"] != plain["hash"]


def test_another_function_can_be_named(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell("def earlier(a): ...") is None
    assert shell.cell("%%saturn task --sweep a=1 --factory earlier\ny = 2") is None
    assert dict(engine.received)["tasks.add"]["tasks"][0]["name"] == "earlier-1"


def test_errors_of_the_cell_surface_as_usual(shell: Shell, engine: FakeEngine) -> None:
    error = shell.cell("%%saturn task --sweep model=a\n" + CELL + "1 / 0")
    assert isinstance(error, SaturnError) and error.code == "cell-failed"
    assert len(shell.tracebacks) == 2
    assert "ZeroDivisionError" in shell.tracebacks[0]
    assert "line 4" in shell.tracebacks[0]
    assert "tasks.add" not in engine.types()
    error = shell.cell("%%saturn task --sweep model=a\ndef digits(:\n")
    assert isinstance(error, SaturnError) and error.code == "cell-failed"


def test_what_the_engine_refuses_is_shown(shell: Shell, engine: FakeEngine) -> None:
    engine.refused["tasks.add"] = {
        "code": "duplicate-task",
        "message": 'A task named "digits-a" exists already.',
        "hint": "Add --replace.",
    }
    error = shell.cell("%%saturn task --sweep model=a\n" + CELL)
    assert isinstance(error, SaturnError) and error.code == "duplicate-task"
    assert "Add --replace." in shell.tracebacks[0]


@pytest.mark.parametrize(
    ("line", "type", "body", "view"),
    [
        ("cluster", "render", {"view": "cluster"}, "the cluster"),
        ("cluster --auto", "cluster.set", {"request": {"kind": "auto"}}, "the cluster"),
        ("cluster --gpu all", "cluster.set", {"request": {"kind": "cuda"}}, "the cluster"),
        (
            "cluster --gpu 2",
            "cluster.set",
            {"request": {"kind": "cuda", "count": 2}},
            "the cluster",
        ),
        (
            "cluster --node gpu-1 --gpu 2",
            "cluster.set",
            {"request": {"kind": "cuda", "count": 2}, "node": "gpu-1"},
            "the cluster",
        ),
        (
            "cluster --node gpu-1 --auto",
            "cluster.set",
            {"request": {"kind": "auto"}, "node": "gpu-1"},
            "the cluster",
        ),
        ("profile --force", "profile", {"force": True}, "the profile"),
        ("profile --detach", "profile", {}, "the run"),
        (
            "profile --full --exclude fsdp",
            "profile",
            {"full": True, "excludeTechniques": ["fsdp"]},
            "the profile",
        ),
        ("check", "render", {"view": "check"}, "the check"),
        ("cache", "render", {"view": "cache"}, "the cache"),
        ("cache --clear", "cache.clear", {}, "the cache"),
        ("cache --clear --all", "cache.clear", {"all": True}, "the cache"),
        ("technique", "render", {"view": "techniques"}, "the techniques"),
        ("technique list", "render", {"view": "techniques"}, "the techniques"),
        (
            "technique register mine.all:TwoByTwo",
            "techniques.set",
            {"techniques": [{"name": "two-by-two", "target": "mine.all:TwoByTwo"}], "remove": []},
            "the techniques",
        ),
        (
            "technique register mine:Two --name pairs",
            "techniques.set",
            {"techniques": [{"name": "pairs", "target": "mine:Two"}], "remove": []},
            "the techniques",
        ),
        (
            "technique remove pairs",
            "techniques.set",
            {"techniques": [], "remove": ["pairs"]},
            "the techniques",
        ),
        ("plan", "plan", {}, "the plan"),
        ("plan --exclude none", "plan", {"excludeTechniques": []}, "the plan"),
        ("run a b", "run", {"tasks": ["a", "b"]}, "the run"),
        ("run", "run", {}, "the run"),
        ("stop", "stop", {}, "the run"),
        ("remove a", "tasks.remove", {"tasks": ["a"]}, "the tasks"),
        ("reset", "reset", {}, "the tasks"),
        ("reset --yes", "reset", {}, "the tasks"),
        ("remove a --yes", "tasks.remove", {"tasks": ["a"]}, "the tasks"),
        ("results", "render", {"view": "results"}, "the results"),
        ("wait", "render", {"view": "run"}, "the run"),
        ("status", "render", {"view": "status"}, "the status"),
        ("show", "render", {"view": "schedule"}, "the schedule"),
    ],
)
def test_verbs(
    shell: Shell, engine: FakeEngine, line: str, type: str, body: dict[str, Any], view: str
) -> None:
    assert shell.cell(f"%saturn {line}") is None
    assert (type, body) in engine.received
    (output,) = shell.outputs
    assert (output["text/plain"], output["text/html"]) == (view, f"<b>{view}</b>")


def test_an_interrupt_ends_the_wait_alone(
    shell: Shell, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "__enter__", interrupt)
    for line, goes_on in (("wait", "training goes on"), ("profile", "measuring goes on")):
        assert shell.cell(f"%saturn {line}") is None
        assert goes_on in shell.texts()[0]
    for line in ("run", "stop", "reset"):
        assert shell.cell(f"%saturn {line}") is None
        assert "Interrupted" in shell.texts()[0]
    engine.received.clear()
    assert shell.cell("%%saturn task --sweep model=a --wait\n" + CELL) is None
    assert "Interrupted" in shell.texts()[0]
    assert "stop" not in engine.types()


def test_sessions_are_chosen_by_name(shell: Shell, session: Session) -> None:
    assert shell.cell("%saturn session") is None
    assert "'default'" in shell.texts()[0]
    assert shell.cell("%saturn session vision") is None
    assert "'vision'" in shell.texts()[0]


def test_help_shows_every_verb_option_and_example(shell: Shell) -> None:
    for cell in ("%saturn", "%saturn help"):
        assert shell.cell(cell) is None
        (text,) = shell.texts()
        for verb in VERBS:
            assert verb.help in text and verb.example in text
            assert all(option.name in text for option in verb.options)
    assert shell.cell("%saturn help plan") is None
    assert "--seconds" in shell.texts()[0] and "--sweep" not in shell.texts()[0]


def test_the_readme_names_every_verb() -> None:
    readme = README.read_text("utf-8")
    assert [verb.name for verb in VERBS if f"saturn {verb.name}" not in readme] == []


@pytest.mark.parametrize(
    ("cell", "word"),
    [
        ("%saturn plan --help", "--seconds"),
        ("%saturn plan --exclude fsdp -h", "--seconds"),
        ("%saturn --help", "%saturn VERB"),
        ("%%saturn task --help\n" + CELL, "--sweep"),
    ],
)
def test_help_where_other_programs_have_it(
    shell: Shell, engine: FakeEngine, cell: str, word: str
) -> None:
    assert shell.cell(cell) is None
    assert word in shell.texts()[0]
    assert engine.types() == []


def test_every_example_is_understood() -> None:
    for verb in VERBS:
        magic, name, *words = split_words(verb.example)
        assert magic == ("%%saturn" if verb.name == "task" else "%saturn")
        assert find_verb(name) is verb
        parse(verb, words)


def test_quoted_words_and_equals_signs() -> None:
    words = split_words("--sweep a='x y',2 b=1 --factory='f' --epochs=.5")
    assert parse(find_verb("task"), words).options == {
        "sweep": ["a='x y',2", "b=1"],
        "factory": "f",
        "epochs": 0.5,
    }


@pytest.mark.parametrize(
    ("line", "offered", "not_offered"),
    [
        ("%saturn ", {"plan", "results", "help", "task"}, set()),
        ("%saturn pl", {"plan"}, {"run"}),
        ("%%saturn ", {"task", "technique"}, {"plan"}),
        ("%%saturn technique ", set(), {"--name", "register"}),
        ("%saturn technique ", {"register", "check", "--name"}, {"ddp"}),
        ("%saturn technique remove ", {"pairs"}, {"ddp", "register"}),
        ("%saturn technique check ", {"pairs", "ddp"}, {"register"}),
        ("%saturn check ", {"digits-a"}, set()),
        ("%saturn profile --", {"--force", "--full", "--exclude"}, {"--seconds"}),
        ("%saturn plan --", {"--seconds", "--exclude"}, {"--sweep"}),
        ("%saturn plan --seconds 2 --", {"--exclude"}, {"--seconds"}),
        ("%saturn plan --exclude ", {"ddp", "fsdp", "single", "pipeline"}, {"--seconds"}),
        ("%saturn plan --exclude fsdp,d", {"ddp"}, {"fsdp"}),
        ("%%saturn task --sweep model=a --ep", {"--epochs"}, {"--sweep"}),
        ("%%saturn task --factory di", {"digits"}, {"--epochs"}),
        ("%saturn stop ", {"digits-a", "digits-b"}, {"--exclude"}),
        ("%saturn run digits-a di", {"digits-b"}, set()),
        ("%saturn help cl", {"cluster"}, set()),
        ("%saturn nonsense ", set(), {"plan", "--exclude"}),
    ],
)
def test_completion(
    shell: Shell, engine: FakeEngine, line: str, offered: set[str], not_offered: set[str]
) -> None:
    shell.cell("%%saturn task --sweep model=a,b\n" + CELL)
    shell.cell("%saturn technique register mine:Pairs")
    found = shell.completions(line)
    assert offered <= found
    assert not not_offered & found


class Notebook:
    """A shell as kernels have it."""

    kernel = object()


def test_progress_updates_one_display(shell: Shell) -> None:
    clock = iter([0.0, 0.1, 1.0, 1.1, 2.0, 3.0, 4.0, 42.0])
    shell.display_pub.outputs.clear()
    building, profiling = {"progress": "Saturn: building"}, {"progress": "Saturn: profiling"}
    with Progress(Notebook(), lambda: next(clock)) as progress:
        progress.update(building)  # too early to be worth a line
        progress.update(building)
        progress.update(profiling)  # too soon after the last
        progress.update(profiling)
        progress.update(profiling)  # nothing new
        progress.update(building)
        progress.finish()
    shown = shell.display_pub.outputs
    assert [output["data"]["text/plain"] for output in shown] == [
        "Saturn: building",
        "Saturn: profiling",
        "Saturn: building",
        "Done after 42 s.",
    ]
    assert [output.get("update", False) for output in shown] == [False, True, True, True]
    assert len({output["transient"]["display_id"] for output in shown}) == 1


def test_a_function_that_is_there_needs_no_cell(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell(CELL) is None
    assert shell.cell("%saturn task --factory digits --sweep model=a,b") is None
    [added] = [body for type, body in engine.received if type == "tasks.add"]
    assert [spec["params"] for spec in added["tasks"]] == [{"model": "a"}, {"model": "b"}]


def test_lists_of_the_notebook_are_values(shell: Shell, engine: FakeEngine) -> None:
    shell.cell("rates = [0.05, 0.3]")
    assert shell.cell("%%saturn task --sweep model={rates}\n" + CELL) is None
    [added] = [body for type, body in engine.received if type == "tasks.add"]
    assert [spec["params"]["model"] for spec in added["tasks"]] == [0.05, 0.3]


def test_waiting_for_tasks_that_failed_raises(shell: Shell, engine: FakeEngine) -> None:
    assert shell.cell("%%saturn task --sweep model=a,b\n" + CELL) is None
    [first, second] = engine.state["tasks"]
    error = {"code": "factory-failed", "message": "digits raised KeyError: 'a'"}
    engine.change(tasks=[{**first, "status": "failed", "error": error}, second])
    failed = shell.cell("%saturn wait")
    assert isinstance(failed, SaturnError) and failed.code == "tasks-failed"
    assert "1 of 2 tasks failed" in failed.message and "KeyError" in failed.message
    assert shell.texts() == ["the run"]
    assert shell.cell("%saturn wait --quiet") is None


@pytest.mark.parametrize(
    ("line", "order", "body"),
    [
        ("stop a b", "stop", {"tasks": ["a", "b"]}),
        ("resume a", "resume", {"tasks": ["a"]}),
        ("resume", "resume", {}),
        ("retry a", "retry", {"tasks": ["a"]}),
        ("remove a b", "tasks.remove", {"tasks": ["a", "b"]}),
        ("clone a lr=1e-4", "tasks.clone", {"params": {"lr": 1e-4}, "weights": "scratch"}),
        (
            "clone a dims=[8,4] --name b --from 400 --steps 9 --seed 0",
            "tasks.clone",
            {"params": {"dims": [8, 4]}, "name": "b", "step": 400, "steps": 9, "seed": 0},
        ),
        ("run a --early 10%", "run", {"tasks": ["a"], "early": 0.1}),
        ("run --early 0.25", "run", {"early": 0.25}),
        ("run --keep", "run", {"keeps": True}),
        ("plan --early 5%", "plan", {"early": 0.05}),
        ("clone a --from best", "tasks.clone", {"params": {}, "weights": "best"}),
    ],
)
def test_orders_as_the_engine_gets_them(
    shell: Shell, engine: FakeEngine, line: str, order: str, body: dict[str, Any]
) -> None:
    assert shell.cell(f"%saturn {line}") is None
    expected = {"task": "a", **body} if order == "tasks.clone" else body
    assert (order, expected) in engine.received
