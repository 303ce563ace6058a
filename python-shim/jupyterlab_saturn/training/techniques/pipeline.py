"""The blocks of a model divided among the devices, through which micro-batches flow."""

from __future__ import annotations

from torch.nn.modules.batchnorm import _BatchNorm

from ...task import Task
from ..components.optimizer_factory import why_not_remade
from ..model.block_chain import block_chain, chain_of
from ..model.blocks import find_blocks
from ..model.memory_estimate import MemoryEstimate
from ..task.data_order import takes_whole_batches
from .context import Context, Knobs
from .pipeline_runner import PipelineRunner
from .pipeline_stages import Stages, blocks_with_parameters, cut
from .runner import Runner
from .technique import BuiltInTechnique, Choice, DeviceKind, Texture, why_not_trainable

_ROUNDS = 4  # micro-batches for each stage: then at most a fifth of the time is spent waiting
_INTERLEAVED = "interleaved"


class Pipeline(BuiltInTechnique):
    """`torch.distributed.pipelining`: the devices work on different micro-batches at once.

    Only hidden states pass between devices, so it does well where links are slow. Each device has
    a share of the parameters and their optimizer state. Knobs: ``schedule`` is ``"1f1b"`` (one
    forward, one backward) or ``"interleaved"`` (two stages a device, which wait less and send
    more); ``micro_batches`` is into how many parts a batch is cut.
    """

    name = "pipeline"
    order = 60
    texture = Texture(path="M3.5 0V7", size=7, stroke=1.5)

    def feasible(self, task: Task, devices: int, kind: DeviceKind) -> str | None:
        if devices < 2:
            return "on one device it is the same as single"
        reason = why_not_trainable(task) or _why_not_cut(task, devices)
        if reason is not None:
            return reason
        trained = [(n, p) for n, p in task.model.named_parameters() if p.requires_grad]
        known = why_not_remade(task, trained, in_parts=True) or block_chain(task)
        if isinstance(known, str):
            return known
        if cut(known, devices) is None:
            count = blocks_with_parameters(known)
            return f"it needs as many blocks with parameters as devices; this model has {count}"
        return None

    def choices(self, task: Task, devices: int) -> list[Choice]:
        known = block_chain(task)
        schedules = ["1f1b"]
        if not isinstance(known, str) and cut(known, 2 * devices) is not None:
            schedules.append(_INTERLEAVED)
        counts = ((name, _micro_batches(task, devices, name)) for name in schedules)
        return [
            Choice(knobs={"schedule": name, "micro_batches": count})
            for name, count in counts
            if count is not None
        ]

    def estimate(self, footprint: MemoryEstimate, devices: int, knobs: Knobs) -> int:
        micro_batches = int(knobs.get("micro_batches", devices * _ROUNDS))
        return footprint.state // devices + footprint.activations // micro_batches

    def build(self, task: Task, context: Context) -> Runner:
        world = context.world
        schedule = str(context.knobs.get("schedule", "1f1b"))
        wanted = context.knobs.get("micro_batches") or _micro_batches(task, world.size, schedule)
        known = block_chain(task)
        assert not isinstance(known, str), known  # it was feasible
        each = 2 if schedule == _INTERLEAVED else 1
        ranges = cut(known, each * world.size)
        assert ranges is not None
        stages = Stages(task.model, known, ranges, world.rank, world.size, context.device)
        return PipelineRunner(task, stages, context, int(wanted or 0), known.counted)


def _micro_batches(task: Task, devices: int, schedule: str) -> int | None:
    """Into how many parts a batch is best cut; None when it cannot be cut as it must be."""
    if _why_not_recut(task):
        counts = [task.micro_batches]
    else:
        counts = list(range(task.micro_batches, task.batch_size + 1))
    step = devices if schedule == _INTERLEAVED else 1
    fitting = [n for n in counts if n >= devices and task.batch_size % n == 0 and n % step == 0]
    few = [n for n in fitting if n <= devices * _ROUNDS]
    return max(few, default=min(fitting, default=None))


def _why_not_cut(task: Task, devices: int) -> str | None:
    """Why a task cannot be cut into so many stages, nor its batches for them."""
    if task.evaluation is not None:
        return "its own evaluation is given the whole model"
    if len(chain_of(task)) < devices:
        return f"the model has fewer than {devices} blocks, one for each device"
    if task.exact_random and not find_blocks(task.model, task.blocks):
        return "exact_random draws by block, and the model has no list of like blocks"
    if _micro_batches(task, devices, "1f1b") is None:
        why = _why_not_recut(task)
        if why is not None:
            return f"{why}, and there are fewer of them ({task.micro_batches}) than stages"
        return f"a batch of {task.batch_size} cannot be cut evenly into {devices} parts or more"
    return None


def _why_not_recut(task: Task) -> str | None:
    """Why micro-batches must be those of the task."""
    if task.exact_random:
        return "exact_random draws by micro-batch"
    if takes_whole_batches(task):
        return "a step takes several batches whose losses count equally"
    if any(isinstance(module, _BatchNorm) for module in task.model.modules()):
        return "batch normalisation works on a micro-batch"
    return None
