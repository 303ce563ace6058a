"""A model divided among devices by its blocks is trained as one that is not."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.model.block_chain import BlockChain, block_chain
from jupyterlab_saturn.training.techniques import TECHNIQUES
from jupyterlab_saturn.training.techniques.pipeline_stages import cut
from ranks import Group, Session, finish
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

PIPELINE = TECHNIQUES["pipeline"]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


class Chain(nn.Module):
    """Four blocks between two layers, with something odd in its forward."""

    def __init__(self, way: str = "") -> None:
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.blocks = nn.ModuleList(nn.Linear(6, 6) for _ in range(4))
        self.last = nn.Linear(6, 6)
        self.scale = nn.Parameter(torch.ones(6))
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "looking" and x.isnan().any():
            raise ValueError("no number")
        beginning = hidden = self.first(x)
        for block in self.blocks:
            hidden = block(hidden)
            if self.way == "between":
                hidden = hidden.tanh_()
            if self.way == "parameter":
                hidden = hidden * self.scale
            if self.way == "deciding" and self.scale.sum() > 9:
                break
        if self.way == "skip":
            hidden = hidden + beginning.detach()
        if self.way == "twice":
            hidden = self.blocks[0](hidden)
        if self.way == "tied":
            return self.first(hidden)
        outputs: torch.Tensor = self.last(hidden)
        return outputs


class Attending(nn.Module):
    """Blocks that all get something computed from a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.ones(6))
        self.blocks = nn.ModuleList(nn.Bilinear(6, 6, 6) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bias = self.bias.expand_as(x)
        for block in self.blocks:
            x = block(x, bias)
        return x


def task(model: nn.Module, **fields: Any) -> Task:
    data = TensorDataset(torch.randn(16, 6), torch.randn(16, 6))
    optimizer = partial(torch.optim.SGD, lr=0.1)
    return Task(
        **{
            "model": model,
            "data": data,
            "loss": functional.mse_loss,
            "optimizer": optimizer,
            "batch_size": 8,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: Chain("skip"), "skip connection"),
        (lambda: Chain("between"), "changed between the blocks"),
        (lambda: Chain("parameter"), "changed between the blocks"),
        (lambda: Chain("deciding"), "looks at computed values between the blocks"),
        (lambda: Chain("twice"), "do not run once each"),
        (lambda: Chain("tied"), "both before and after the blocks"),
        (Attending, "share other values that depend on parameters"),
        (lambda: nn.Linear(6, 6), "fewer than 2 blocks"),
        (
            lambda: nn.Sequential(nn.Linear(6, 6), nn.ReLU()),
            "as many blocks with parameters as devices; this model has 1",
        ),
        (lambda: nn.Sequential(nn.Linear(6, 5), nn.Linear(6, 6)), "cannot be watched at work"),
    ],
)
def test_a_model_that_is_no_chain_of_blocks_is_refused(
    model: Callable[[], nn.Module], reason: str
) -> None:
    assert reason in str(PIPELINE.feasible(task(model()), 2, "cpu"))


def test_a_batch_that_cannot_be_cut_is_refused() -> None:
    normal = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 6))
    for model, fields, reason in (
        (Chain(), {"batch_size": 7}, None),
        (Chain(), {"batch_size": 1}, "cannot be cut evenly into 2 parts"),
        (
            Chain(),
            {"exact_random": True},
            "exact_random draws by micro-batch, and there are fewer of them (1) than stages",
        ),
        (Chain(), {"exact_random": True, "micro_batches": 2}, None),
        (normal, {}, "batch normalisation works on a micro-batch, and there are fewer"),
        (normal, {"micro_batches": 2}, None),
        (normal, {"exact_random": True, "micro_batches": 2}, "no list of like blocks"),
    ):
        said = PIPELINE.feasible(task(model, **fields), 2, "cpu")
        assert said is None if reason is None else reason in str(said)


def test_watching_a_model_leaves_it_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(6, 6), nn.BatchNorm1d(6), nn.Linear(6, 6)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    whole = task(model)
    random = torch.get_rng_state()
    assert isinstance(block_chain(whole), BlockChain)
    assert torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module.training or module._forward_hooks for module in model.modules())


def test_what_a_model_remembers_of_being_watched_is_forgotten() -> None:
    class Remembering(Chain):
        def __init__(self) -> None:
            super().__init__()
            self.tables: dict[int, torch.Tensor] = {}

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.seen = x
            self.tables.setdefault(len(x), torch.ones(6))
            return super().forward(x * self.tables[len(x)])

    model = Remembering()
    assert isinstance(block_chain(task(model)), BlockChain)
    assert not hasattr(model, "seen")
    assert model.tables == {}


def test_what_is_around_the_blocks_goes_with_the_ends() -> None:
    found = block_chain(task(Chain()))
    assert isinstance(found, BlockChain)
    assert found.names == [[f"blocks.{number}"] for number in range(4)]
    assert found.end == {"last.weight", "last.bias"}


@pytest.mark.parametrize(
    ("costs", "stages", "expected"),
    [
        ([1, 1, 1, 1], 2, [range(2), range(2, 4)]),
        ([1, 1, 1, 9], 2, [range(3), range(3, 4)]),
        ([9, 1, 1, 1], 3, [range(1), range(1, 2), range(2, 4)]),
        ([1, 1, 1, 1], 5, None),
    ],
)
def test_the_slowest_stage_is_as_fast_as_can_be(
    costs: list[int], stages: int, expected: list[range] | None
) -> None:
    blocks = [nn.Linear(1, 1) for _ in costs]
    model = BlockChain(
        blocks=blocks, names=[], end=frozenset(), costs=costs, outputs=None, counted=False
    )
    found = cut(model, stages)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert max(sum(costs[i] for i in r) for r in found) == max(
            sum(costs[i] for i in r) for r in expected
        )
        assert [i for r in found for i in r] == list(range(len(costs)))


def test_a_model_that_looks_at_its_inputs_is_watched_with_numbers() -> None:
    assert PIPELINE.feasible(task(Chain("looking")), 2, "cpu") is None


def test_interleaving_is_a_choice_where_there_are_blocks_for_it() -> None:
    two = PIPELINE.choices(task(Chain()), 2)
    assert [choice.knobs["schedule"] for choice in two] == ["1f1b", "interleaved"]
    assert [choice.knobs["schedule"] for choice in PIPELINE.choices(task(Chain()), 4)] == ["1f1b"]
    assert {choice.knobs["micro_batches"] for choice in two} == {8}


def padded(**fields: Any) -> Any:
    """Sentences of many lengths, padded batch by batch; masks, dropout, a frozen first block."""
    from functools import partial

    import torch
    from jupyterlab_saturn.task import Task
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(8)
            self.inner = nn.Linear(8, 8)
            self.dropout = nn.Dropout(0.2)

        def forward(self, hidden_states: torch.Tensor, mask: torch.Tensor) -> Any:
            mixed = self.norm(hidden_states * mask[..., None]).cumsum(1)
            return hidden_states + self.dropout(torch.tanh(self.inner(mixed))), None

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(11, 8)
            self.layers = nn.ModuleList(Block() for _ in range(5))
            self.head = nn.Linear(8, 11)
            self.embedding.requires_grad_(False)
            self.layers[0].requires_grad_(False)

        def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            hidden = functional.dropout(self.embedding(tokens), 0.1, self.training)
            for layer in self.layers:
                hidden = layer(hidden_states=hidden, mask=mask)[0]
            outputs: torch.Tensor = self.head(functional.dropout(hidden, 0.1, self.training))
            return outputs

    def collate(samples: list[torch.Tensor]) -> Any:
        tokens = nn.utils.rnn.pad_sequence(samples, batch_first=True, padding_value=0)
        mask = (tokens > 0).float()
        return {"tokens": tokens, "mask": mask}, tokens.masked_fill(tokens == 0, -100)

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> Any:
        total = functional.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="sum")
        return total, (targets != -100).sum()

    data = [torch.randint(1, 11, (int(length),)) for length in torch.randint(2, 5, (44,))]
    return Task(
        model=Model(),
        data=data,  # type: ignore[arg-type]
        eval_data=data[:13],  # type: ignore[arg-type]
        collate=collate,
        forward=lambda model, inputs: model(**inputs),
        loss=loss,
        optimizer=partial(torch.optim.AdamW, lr=1e-2),
        batch_size=8,
        micro_batches=4,
        clip_norm=0.5,
        exact_random=True,
        **fields,
    )


def train(session: Session, spec: Json, devices: int, schedule: str, count: int) -> Group:
    knobs = {"schedule": schedule, "micro_batches": count}
    strategy = {"technique": "pipeline", "devices": devices, "knobs": knobs}
    return session.train(spec, "pipeline", devices, strategy=strategy)


@pytest.mark.parametrize(
    ("devices", "schedule", "precision"),
    [(4, "1f1b", "float32"), (2, "interleaved", "bfloat16"), (2, "1f1b", "float16")],
)
def test_any_padding_masks_and_loss_give_what_one_device_gives(
    session: Session, devices: int, schedule: str, precision: str
) -> None:
    spec = session.spec(partial_of(padded, precision=precision), f"whole-{precision}")
    expected = finish(session.train(spec, "single"))
    piped = {**spec, "name": f"piped-{precision}"}
    result = finish(train(session, piped, devices, schedule, 4))
    assert result["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert result["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert_same(session, piped, spec)


def test_statistics_of_batch_normalisation_are_those_of_one_device(session: Session) -> None:
    def normalised() -> Any:
        from torch import nn

        layers = [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU()]
        model = nn.Sequential(*layers, nn.Linear(8, 3), nn.BatchNorm1d(3))
        return mlp(model=model, micro_batches=4)

    spec = session.spec(normalised)
    finish(session.train(spec, "single"))
    piped = {**spec, "name": "normalised-piped"}
    finish(train(session, piped, 2, "1f1b", 4))
    assert_same(session, piped, spec)


def test_a_model_in_double_precision_is_counted_on_all_ranks(session: Session) -> None:
    def double() -> Any:
        from torch.utils.data import TensorDataset

        task = mlp()
        inputs, targets = task.data[:]
        data = TensorDataset(inputs.double(), targets)
        return mlp(model=task.model.double(), data=data, eval_data=None, metrics={})

    spec = session.spec(double)
    finish(session.train(spec, "single"))
    piped = {**spec, "name": "double-piped"}
    finish(train(session, piped, 2, "1f1b", 4))
    assert_same(session, piped, spec)


def test_an_error_of_the_user_is_told_as_it_is(session: Session) -> None:
    session.script.write_text(json.dumps({"raise-last": 2}))
    spec = session.spec(mlp, "raising", script=str(session.script))
    group = train(session, spec, 2, "1f1b", 8)
    assert 1 in group.wait()
    assert "the labels are wrong" in group.of("failed")[0]["error"]["message"]
    session.script.unlink()


def partial_of(factory: Any, **params: Any) -> Any:
    """A factory with some parameters, that travels by value as a cell's does."""

    def made() -> Any:
        return factory(**params)

    return made


def assert_same(session: Session, spec: Json, reference: Json) -> None:
    weights, expected = session.weights(spec), session.weights(reference)
    assert list(weights) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-5)
