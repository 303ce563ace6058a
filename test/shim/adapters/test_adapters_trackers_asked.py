"""The trackers that a Trainer or Lightning's loggers ask for become wishes, or remarks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from adapter_tasks import language
from jupyterlab_saturn.task import Tracking
from jupyterlab_saturn.training.adapters.trackers_asked import of_arguments, of_lightning


def arguments(folder: Path, **more: Any) -> Any:
    from transformers import TrainingArguments

    return TrainingArguments(str(folder), use_cpu=True, **more)


def test_a_trainer_that_says_nothing_asks_for_nothing(tmp_path: Path) -> None:
    assert of_arguments(arguments(tmp_path)) == (None, [])
    assert of_arguments(arguments(tmp_path, report_to="none")) == (None, [])


def test_report_to_run_name_and_project_are_wishes(tmp_path: Path) -> None:
    args = arguments(tmp_path, report_to=["wandb", "tensorboard"], run_name="mine", project="p")
    asked = {"wandb": "report_to=wandb", "tensorboard": "report_to=tensorboard"}
    assert of_arguments(args) == (Tracking(asked, "mine", "p"), [])


def test_what_nobody_can_tell_is_said(tmp_path: Path) -> None:
    args = arguments(tmp_path, report_to=["trackio", "comet_ml"], trackio_space_id="me/space")
    tracking, remarks = of_arguments(args)
    assert tracking == Tracking({"trackio": "report_to=trackio"})
    assert [remark.split(" is left out")[0] for remark in remarks] == [
        "report_to=comet_ml",
        "trackio_space_id=me/space",
    ]


def test_a_trainer_that_reports_is_taken_over_with_its_wishes(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from jupyterlab_saturn.training.adapters.trainer_task import from_trainer

    told = ["tensorboard"]
    task = from_trainer(language(report_to=told, run_name="mine", output_dir=str(tmp_path)))
    assert task.tracking == Tracking({"tensorboard": "report_to=tensorboard"}, "mine")
    assert list(task.remarks) == []


def lightning(**options: Any) -> Any:
    return of_lightning(SimpleNamespace(trainer=options))  # type: ignore[arg-type]


def test_loggers_of_lightning_are_wishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loggers = pytest.importorskip("pytorch_lightning.loggers")
    made = [
        loggers.WandbLogger(name="mine", project="p", offline=True, save_dir=str(tmp_path)),
        loggers.TensorBoardLogger(str(tmp_path), name="board"),
    ]
    asked = {"wandb": "WandbLogger", "tensorboard": "TensorBoardLogger"}
    assert lightning(logger=made) == (Tracking(asked, "mine", "p"), [])
    # Which the logger sets as well, for all that follows.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite://")
    mlflow = loggers.MLFlowLogger("experiment", tracking_uri="sqlite://", run_name="run")
    asked = {"mlflow": "MLFlowLogger"}
    assert lightning(logger=mlflow) == (Tracking(asked, "run", "experiment"), [])


def test_other_loggers_are_said_to_be_left_out(tmp_path: Path) -> None:
    loggers = pytest.importorskip("pytorch_lightning.loggers")

    class OwnLogger(loggers.CSVLogger):  # type: ignore[misc, name-defined]
        pass

    tracking, remarks = lightning(logger=[loggers.CSVLogger(str(tmp_path), "csv")])
    assert tracking is None and "session().history()" in remarks[0]
    _, remarks = lightning(logger=OwnLogger(str(tmp_path), "csv"))
    assert remarks[0].startswith("The Trainer's logger OwnLogger is left out")


def test_a_trainer_of_lightnings_own_is_asked_for_its_loggers(tmp_path: Path) -> None:
    library = pytest.importorskip("pytorch_lightning")
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    by_itself = library.Trainer(default_root_dir=str(tmp_path), **quiet)
    assert of_lightning(SimpleNamespace(trainer=by_itself)) == (None, [])  # type: ignore[arg-type]
    board = library.loggers.TensorBoardLogger(str(tmp_path), name="board")
    trainer = library.Trainer(logger=board, **quiet)
    asked = {"tensorboard": "TensorBoardLogger"}
    parts: Any = SimpleNamespace(trainer=trainer)
    assert of_lightning(parts) == (Tracking(asked, "board"), [])


@pytest.mark.parametrize("logger", [True, False, None])
def test_the_logger_that_lightning_makes_by_itself_asks_for_nothing(logger: bool | None) -> None:
    assert lightning(logger=logger) == (None, [])
