"""What of Lightning's modules and Trainers is known to train here as it does there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from .lightning_parts import Parts
from .overrides import comes_from, own_methods

LIBRARIES = ("lightning", "pytorch_lightning", "lightning_fabric", "torch")
DEFAULTS: Mapping[str, Any] = {
    "max_epochs": None,
    "max_steps": -1,
    "accumulate_grad_batches": 1,
    "check_val_every_n_epoch": 1,
    "gradient_clip_val": None,
    "gradient_clip_algorithm": None,
    "limit_train_batches": 1.0,
    "limit_val_batches": 1.0,
    "val_check_interval": 1.0,
    "precision": "32-true",
    "callbacks": (),
}
"""The options of a Trainer whose meaning is kept, and what they are when nothing is said."""

# Options that say where and how it is done, not what.
_HARMLESS = frozenset(
    """
    accelerator benchmark default_root_dir deterministic devices enable_autolog_hparams
    enable_checkpointing enable_model_summary enable_progress_bar inference_mode
    limit_predict_batches limit_test_batches log_every_n_steps logger model_registry num_nodes
    num_sanity_val_steps profiler strategy use_distributed_sampler barebones
    """.split()  # noqa: SIM905
)
# Methods that are called here as Lightning calls them, or not while it fits.
_METHODS = frozenset(
    """
    training_step validation_step configure_optimizers configure_model configure_callbacks
    prepare_data setup train_dataloader val_dataloader
    on_validation_start on_validation_end on_validation_epoch_start on_validation_epoch_end
    on_validation_batch_start on_validation_batch_end
    test_step predict_step test_dataloader predict_dataloader on_test_start on_test_end
    on_test_epoch_start on_test_epoch_end on_test_batch_start on_test_batch_end
    on_test_model_eval on_test_model_train on_predict_start on_predict_end on_predict_epoch_start
    on_predict_epoch_end on_predict_batch_start on_predict_batch_end on_predict_model_eval
    print teardown example_input_array load_from_checkpoint to_onnx to_torchscript freeze unfreeze
    from_datasets
    """.split()  # noqa: SIM905
)
_CALLBACKS = (
    "callbacks.early_stopping",
    "callbacks.device_stats_monitor",
    "callbacks.lr_monitor",
    "callbacks.model_checkpoint",
    "callbacks.model_summary",
    "callbacks.progress",
    "callbacks.rich_model_summary",
    "callbacks.throughput_monitor",
)
_KNOWN_CALLBACKS = tuple(
    f"{package}.{name}"
    for package in ("lightning.pytorch", "pytorch_lightning")
    for name in _CALLBACKS
)
_OFF_BY_DEFAULT = ("fast_dev_run", "overfit_batches", "reload_dataloaders_every_n_epochs")


def options_of(parts: Parts) -> dict[str, Any]:
    """The options in `DEFAULTS` as a Trainer, or a dict of its options, says them."""
    trainer = parts.trainer
    if trainer is None or isinstance(trainer, dict):
        options = {**DEFAULTS, **(trainer or {})}
        callbacks = options["callbacks"] or ()
        options["callbacks"] = (
            list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
        )
    else:
        options = {name: getattr(trainer, name) for name in DEFAULTS}
        options["callbacks"] = list(trainer.callbacks)
    made = parts.module.configure_callbacks()
    options["callbacks"] += list(made) if isinstance(made, list | tuple) else [made]
    return options


def reasons(parts: Parts, options: Mapping[str, Any]) -> Iterator[str]:
    """Why it trains as it was written only in Lightning's own loop, as parts of a sentence."""
    module = parts.module
    if not module.automatic_optimization:
        yield "the LightningModule optimizes by hand"
    yield from _own(module, "LightningModule")
    if parts.data is not None:
        yield from _own(parts.data, "LightningDataModule")
    yield from _unknown(parts.trainer)
    algorithm = options["gradient_clip_algorithm"]
    if (
        options["gradient_clip_val"]
        and str(getattr(algorithm, "value", algorithm or "norm")) != "norm"
    ):
        yield f"gradients are clipped by {algorithm!s}"
    for callback in options["callbacks"]:
        if not comes_from(type(callback), _KNOWN_CALLBACKS):
            yield f"the Trainer has the callback {type(callback).__name__}"


def _own(thing: Any, name: str) -> Iterator[str]:
    base = next(each for each in type(thing).__mro__ if each.__name__ == name)
    own = [
        method
        for method in own_methods(thing, base, LIBRARIES)
        if method not in _METHODS and not hasattr(nn.Module, method)
    ]
    if own:
        yield f"the {name} has its own {', '.join(own)}"


def _unknown(trainer: Any) -> Iterator[str]:
    if isinstance(trainer, dict):
        for name, value in trainer.items():
            if name not in DEFAULTS and name not in _HARMLESS and value:
                yield f"the Trainer's options say {name}={value!r}"
    elif trainer is not None:
        for name in (*_OFF_BY_DEFAULT, "min_epochs", "min_steps"):
            value = getattr(trainer, name, None)
            if value:
                yield f"the Trainer says {name}={value!r}"
        if getattr(trainer, "_val_check_time_interval", None) is not None:
            yield "the Trainer validates by the clock"
        if getattr(trainer, "_detect_anomaly", False):
            yield "the Trainer says detect_anomaly=True"
        devices = getattr(trainer._accelerator_connector, "_devices_flag", "auto")
        if str(devices) not in ("auto", "-1", "1") and trainer.num_devices > 1:
            yield f"the Trainer makes a batch of those of {trainer.num_devices} devices"
        own = own_methods(trainer, type(trainer).__mro__[-2], LIBRARIES)
        if own:
            yield f"the Trainer has its own {', '.join(own)}"
