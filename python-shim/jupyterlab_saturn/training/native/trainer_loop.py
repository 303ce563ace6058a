"""The loop of a Hugging Face ``Trainer``, of whatever subclass."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import SaturnError
from ...paths import COMMITTED
from ..adapters import is_a
from ..adapters.trainer_placement import (
    before_arguments,
    before_loading,
    load_on_cpu,
    prepare_on_cpu,
)
from ..run.model_export import write_folder
from ..runtime.interception import Interception
from .divided_loader import is_counted
from .monitor import Loop, why_not_divided
from .native_loop import NativeLoop, NativeRun
from .whole_batch import why_whole

if TYPE_CHECKING:
    import torch

    from ...generated.wire_types import Criterion, Evaluating

_TRAINER = "transformers.trainer.Trainer"
_ARGUMENTS = "transformers.training_args.TrainingArguments"
_ONLY_KEPT = "/only-kept"
_DIVIDED = "_saturn_divided_by"
_EVALUATES = "_saturn_evaluates"
"""As its user says it: a trial does not."""


class TrainerLoop(NativeLoop):
    """`Trainer.train`, with its own checkpoints and its own parallelism."""

    def __init__(self) -> None:
        self._trainer: Any = None

    def interceptions(self) -> Sequence[Interception]:
        return (
            before_arguments(self._set_up),
            before_loading(self._load),
            Interception("transformers.trainer", "Trainer", "train", self._train),
        )

    def claims(self, made: Any) -> bool:
        parts = made if isinstance(made, tuple) and len(made) == 3 else ()
        return is_a(made, _TRAINER) or any(is_a(part, _ARGUMENTS) for part in parts[2:])

    def begin(self, made: Any) -> None:
        if isinstance(made, tuple):
            from transformers import Trainer

            model, dataset, arguments = made
            made = Trainer(model=model, args=arguments, train_dataset=dataset)
        made.train()

    def was_followed(self) -> bool:
        return self._trainer is not None

    def export(self, made: Any) -> Path:
        folder = self.run.paths.model_folder(self.run.spec["name"])
        if self.run.world.is_root:
            attempt = self.run.claim.attempt
            write_folder(folder, lambda place: self._trainer.save_model(str(place)), attempt)
        else:
            self._trainer.save_model(str(folder))  # gives its part, writes nothing
        return folder

    def best_step(self) -> int | None:
        state = self._trainer.state
        best: int | None = getattr(state, "best_global_step", None)
        kept = self._trainer.args.load_best_model_at_end and best != state.global_step
        return best or None if kept else None

    def evaluate(self) -> dict[str, float]:
        if self._trainer.eval_dataset is None:
            return {}
        from .trainer_callback import numbers

        return numbers(self._trainer.evaluate())

    def _set_up(self, prepare: Callable[[], None], args: Any) -> None:
        """Before `TrainingArguments` are checked and followed."""
        run = self.run
        share = _share(args.per_device_train_batch_size, args.gradient_accumulation_steps, run)
        args.per_device_train_batch_size, args.gradient_accumulation_steps = share
        args.output_dir = str(run.folder)
        setattr(args, _EVALUATES, (args.eval_strategy, args.eval_steps))
        if not run.keeps:
            args.eval_on_start = args.push_to_hub = False
        else:
            args.save_only_model = False
            args.save_total_limit = args.save_total_limit or 2
        if "epochs" in run.spec:
            args.num_train_epochs, args.max_steps = run.spec["epochs"], -1
        if "steps" in run.spec:
            args.max_steps = run.spec["steps"]
        if self._has_gpu():
            prepare()  # which finds the rank's by LOCAL_RANK
        else:
            prepare_on_cpu(prepare, args)
        # What callbacks know is restored with all else that they keep.
        args.restore_callback_states_from_checkpoint = False
        if not run.keeps:  # after what depends on it was checked
            args.save_strategy, args.eval_delay = type(args.save_strategy).NO, math.inf
            args.load_best_model_at_end = False
        setattr(args, _DIVIDED, run.world.size)

    def _load(self, load: Callable[..., Any], kind: type, *args: Any, **options: Any) -> Any:
        """Before a model is loaded: to the CPU, or as it says where it has the only GPU."""
        if not self._has_gpu() or self.run.world.size > 1:
            return load_on_cpu(load, kind, *args, **options)
        return load(*args, **options)

    def _has_gpu(self) -> bool:
        return self.run.device is not None and self.run.device.kind == "cuda"

    def _train(
        self,
        train: Callable[..., Any],
        trainer: Any,
        resume_from_checkpoint: Any = None,
        *args: Any,
        **options: Any,
    ) -> Any:
        from .trainer_callback import FollowingCallback
        from .trainer_snapshot import TrainerSnapshot

        if getattr(trainer.args, _DIVIDED, 0) != self.run.world.size:
            raise SaturnError(
                "not-followed",
                f"The {type(trainer.args).__name__} were made in the notebook, so they are not set "
                "for the devices that the task gets.",
                "Make them inside the function.",
            )
        self._trainer = trainer
        newest = self._newest()
        snapshot = TrainerSnapshot(self.run, trainer, newest)
        describe = partial(_describe, trainer)
        callback = FollowingCallback(self.run, trainer, describe, _commit, snapshot.sidecar)
        trainer.callback_handler.callbacks.insert(0, snapshot)
        trainer.add_callback(callback)
        try:
            return train(newest or resume_from_checkpoint, *args, **options)
        finally:
            trainer.remove_callback(callback)
            trainer.remove_callback(snapshot)

    def _newest(self) -> str | None:
        """The newest checkpoint of this very training that is complete."""
        found = {
            int(path.name.rpartition("-")[2]): path
            for path in self.run.folder.glob("checkpoint-*")
            if _identity(path) == self.run.identity
        }
        return str(found[max(found)]) if found and self.run.keeps else None


def _identity(checkpoint: Path) -> str | None:
    try:
        return (checkpoint / COMMITTED).read_text("utf-8")
    except OSError:
        return None


def _commit(run: NativeRun, step: int, goes_on: bool) -> None:
    """Mark a checkpoint as complete; drop those of other trainings and what was left half.

    Raises SaturnError ``late-commit`` when a later attempt has the task.

    Parameters
    ----------
    goes_on
        Whether it can be gone on with; else it is only one of those that the Trainer keeps.
    """
    run.claim.require()
    own = (run.identity, f"{run.identity}{_ONLY_KEPT}")
    mark = own[0] if goes_on else own[1]
    (run.folder / f"checkpoint-{step}" / COMMITTED).write_text(mark, "utf-8")
    for path in run.folder.glob("checkpoint-*"):
        if _identity(path) not in own:
            shutil.rmtree(path, ignore_errors=True)


def _share(per_device: int, accumulated: int, run: NativeRun) -> tuple[int, int]:
    """Samples of a device and parts of a step that keep the batch of the step, over all ranks."""
    devices = run.world.size
    common = math.gcd(per_device, devices)
    rest = devices // common
    if accumulated % rest != 0:
        raise SaturnError(
            "infeasible", f"{_why_not(per_device, accumulated, devices)}; choose fewer devices."
        )
    return per_device // common, accumulated // rest


def _why_not(per_device: int, accumulated: int, devices: int) -> str | None:
    if accumulated % (devices // math.gcd(per_device, devices)) != 0:
        return (
            f"a batch of {per_device} x {accumulated} does not divide evenly over {devices} devices"
        )
    return None


def _describe(trainer: Any, steps: int, model: torch.nn.Module, loader: Any) -> Loop:
    args = trainer.args
    per_device, parts = args.per_device_train_batch_size, args.gradient_accumulation_steps
    counted = is_counted(loader)
    samples = len(loader.dataset) if counted else steps * per_device * parts
    per_epoch = max(1, math.ceil(len(loader) / parts)) if counted else steps

    @cache
    def why_it_is_whole() -> str | None:
        return why_whole(trainer, loader)

    def why_not(devices: int) -> str | None:
        if devices == 1:
            return None
        if not counted:
            return "the samples cannot be counted, so their order may depend on the devices"
        return (
            _why_not(per_device, parts, devices)
            or why_not_divided(
                samples,
                per_device,
                math.gcd(per_device, devices),
                drops_last=args.dataloader_drop_last,
                hint="dataloader_drop_last=True",
            )
            or _why_uneven(samples, per_device, devices)
            or why_it_is_whole()
        )

    batch = per_device * parts * args.world_size
    return Loop(
        steps=steps,
        steps_per_epoch=per_epoch,
        samples=samples,
        batch_size=batch,
        logged_batch=batch,
        why_not=why_not,
        models=[model],
        best=_best(args),
        evaluating=_evaluating(args, per_epoch),
    )


def _evaluating(args: Any, per_epoch: int) -> Evaluating:
    """How a Trainer evaluates on its way; what its metrics are called shows only then."""
    when, steps = getattr(args, _EVALUATES)
    strategy = str(getattr(when, "value", when))
    if strategy == "no":
        return {"metrics": []}
    if strategy == "epoch":
        steps = per_epoch
    return {"every": int(steps)} if steps and steps >= 1 else {}


def _why_uneven(samples: int, per_device: int, devices: int) -> str | None:
    """Why an epoch's parts do not come out even, where devices share the parts of a step."""
    rest = devices // math.gcd(per_device, devices)
    if (samples // per_device) % rest != 0:
        return f"an epoch has {samples // per_device} parts, which {devices} devices cannot share"
    return None


def _best(args: Any) -> Criterion | None:
    if not args.metric_for_best_model:
        return None
    name = args.metric_for_best_model.removeprefix("eval_")
    return {"metric": name, "goal": "max" if args.greater_is_better else "min"}
