"""What of a Hugging Face Trainer is known to train here as it does alone, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from transformers import EarlyStoppingCallback, Trainer, TrainingArguments
from transformers.trainer_utils import IntervalStrategy, SaveStrategy

from ..components.parameter_kinds import why_unknown
from .overrides import comes_from, own_methods

LIBRARIES = (
    "transformers",
    "accelerate",
    "trl.trainer.base_trainer",
    "trl.trainer.dpo_trainer",
    "trl.trainer.reward_trainer",
    "trl.trainer.sft_trainer",
)
"""Modules, or packages of them, with Trainers whose own methods are known."""

# Methods that are called here as the Trainer calls them, or that train nothing.
_METHODS = frozenset(
    """
    compute_loss create_optimizer create_scheduler
    get_decay_parameter_names get_optimizer_cls_and_kwargs get_train_dataloader
    get_eval_dataloader _get_train_sampler _get_eval_sampler prediction_step
    _set_signature_columns_if_needed _remove_unused_columns _get_collator_with_removed_columns
    call_model_init
    predict get_test_dataloader log store_flos floating_point_ops num_examples num_tokens
    create_model_card init_hf_repo hyperparameter_search add_callback pop_callback remove_callback
    is_local_process_zero is_world_process_zero log_metrics save_metrics save_state
    metrics_format
    """.split()  # noqa: SIM905
)
# Arguments whose meaning is kept, and arguments that say where and how it is done, not what.
# Those of the last line are of no account without what they belong to.
_ARGUMENTS = frozenset(
    """
    per_device_train_batch_size gradient_accumulation_steps num_train_epochs max_steps
    learning_rate lr_scheduler_type lr_scheduler_kwargs warmup_steps warmup_ratio optim optim_args
    weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm label_smoothing_factor bf16 fp16
    tf32 gradient_checkpointing gradient_checkpointing_kwargs use_cache neftune_noise_alpha
    eval_strategy eval_steps per_device_eval_batch_size prediction_loss_only
    eval_do_concat_batches eval_accumulation_steps include_for_metrics batch_eval_metrics
    include_inputs_for_metrics eval_delay load_best_model_at_end metric_for_best_model
    greater_is_better full_determinism seed data_seed dataloader_drop_last remove_unused_columns
    label_names train_sampling_strategy group_by_length length_column_name

    output_dir overwrite_output_dir do_train do_eval do_predict eval_on_start
    average_tokens_across_devices bf16_full_eval fp16_full_eval torch_empty_cache_steps
    logging_dir logging_strategy logging_steps logging_first_step log_on_each_node
    logging_nan_inf_filter include_num_input_tokens_seen include_tokens_per_second log_level
    log_level_replica disable_tqdm report_to run_name project trackio_space_id trackio_bucket_id
    trackio_static_space_id save_only_model save_strategy save_steps save_on_each_node
    save_total_limit save_safetensors enable_jit_checkpoint ignore_data_skip
    restore_callback_states_from_checkpoint resume_from_checkpoint use_cpu no_cuda
    accelerator_config dataloader_num_workers dataloader_pin_memory dataloader_persistent_workers
    dataloader_prefetch_factor dataloader_multiprocessing_context dataloader_in_order
    ddp_find_unused_parameters ddp_bucket_cap_mb ddp_broadcast_buffers ddp_static_graph
    ddp_backend ddp_timeout local_rank skip_memory_metrics hub_token hub_private_repo
    hub_model_id hub_strategy hub_always_push hub_revision
    fsdp_config liger_kernel_config torch_compile_backend torch_compile_mode
    """.split()  # noqa: SIM905
)
# Of trl's own arguments only those that do not act while data and loss are prepared.
_ACTING = ("activation_offloading", "sync_ref_model", "sortish_sampler")
_CHECKPOINTING = {"use_reentrant", "preserve_rng_state", "determinism_check"}
_REPORTING = (
    "transformers.integrations",
    "transformers.trainer_callback",
    "transformers.trainer_jit_checkpoint",
    "transformers.utils.notebook",
)


def reasons(trainer: Trainer) -> Iterator[str]:
    """Why a Trainer trains as it was written only in its own loop, as parts of a sentence."""
    args, kind = trainer.args, type(trainer).__name__
    own = [name for name in own_methods(trainer, Trainer, LIBRARIES) if name not in _METHODS]
    unknown = None if trainer.model is None else why_unknown(trainer.model)
    if unknown is not None:
        yield unknown
    if own:
        yield f"{kind} has its own {', '.join(own)}"
    model: Any = trainer.model
    if _adds_to_loss(model):
        yield f"{type(model.base_model).__name__} of PEFT has its own forward"
    for name, value in _unknown(args):
        yield f"the TrainingArguments say {name}={value!r}"
    for callback in trainer.callback_handler.callbacks:
        name = type(callback).__name__
        if type(callback) is not EarlyStoppingCallback and not comes_from(
            type(callback), _REPORTING
        ):
            yield f"it has the callback {name}"
    if hasattr(trainer.train_dataset, "set_epoch"):
        yield "its train_dataset is told the epoch"
    if set(args.gradient_checkpointing_kwargs or ()) - _CHECKPOINTING:
        kwargs = args.gradient_checkpointing_kwargs
        yield f"the TrainingArguments say gradient_checkpointing_kwargs={kwargs}"
    yield from _best(args, trainer)


def learns_prompts(model: Any) -> bool:
    """Whether PEFT puts prompts that are learned before what the model is given."""
    configs = getattr(model, "peft_config", None) or {}
    return any(getattr(config, "is_prompt_learning", False) for config in configs.values())


def _adds_to_loss(model: Any) -> bool:
    """Whether adapters do more than to work within layers, as AdaLoRA's, which add a penalty."""
    if not getattr(model, "peft_config", None) or learns_prompts(model):
        return False
    return not comes_from(type(model.base_model).forward, ("peft.tuners.tuners_utils",))


def early_stopping_callback(trainer: Trainer) -> EarlyStoppingCallback | None:
    """The rule by which a Trainer stops, if it has one."""
    callbacks = trainer.callback_handler.callbacks
    return next((each for each in callbacks if isinstance(each, EarlyStoppingCallback)), None)


def _unknown(args: TrainingArguments) -> Iterator[tuple[str, Any]]:
    for field in fields(args):
        value = getattr(args, field.name)
        of_library = field.name in TrainingArguments.__dataclass_fields__
        if field.name in _ARGUMENTS or not (of_library or field.name in _ACTING):
            continue
        if value and value != _default(field):
            yield field.name, value


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _best(args: TrainingArguments, trainer: Trainer) -> Iterator[str]:
    """A Trainer looks for its best model among those that it has saved."""
    kind = str(getattr(args.lr_scheduler_type, "value", args.lr_scheduler_type))
    follows = kind in ("reduce_lr_on_plateau", "greedy") or trainer.lr_scheduler is not None
    watches = follows or early_stopping_callback(trainer) is not None
    if args.eval_delay and (args.load_best_model_at_end or watches):
        yield f"eval_delay={args.eval_delay} leaves out evaluations that it acts upon"
    if not args.load_best_model_at_end or args.save_strategy == SaveStrategy.BEST:
        return
    if args.eval_strategy == IntervalStrategy.STEPS and args.save_steps != args.eval_steps:
        yield f"it keeps the best of the models of every {args.save_steps} steps"
