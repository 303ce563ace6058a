"""Layers split inside between devices compute what whole ones do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import cloudpickle
import pytest
import torch
from jupyterlab_saturn.errors import Json
from jupyterlab_saturn.task import Task
from jupyterlab_saturn.training.model.linear_pairs import LinearPair, linear_pairs
from jupyterlab_saturn.training.techniques import TECHNIQUES
from nightly import nightly
from ranks import Session, finish
from torch import nn
from torch.nn import functional
from torch.utils.data import TensorDataset
from training_tasks import mlp

cloudpickle.register_pickle_by_value(sys.modules[__name__])

TENSOR, BOTH = TECHNIQUES["tensor"], TECHNIQUES["fsdp-tensor"]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


class Feed(nn.Module):
    """Two layers with a way between them."""

    def __init__(self, way: str = "", width: int = 8) -> None:
        super().__init__()
        self.up = nn.Linear(6, width)
        self.gate = nn.Linear(6, width)
        self.down = nn.Linear(width, 6)
        self.also = nn.Linear(width, 6)
        self.scale = nn.Parameter(torch.ones(width))
        self.way = way

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = functional.silu(self.up(x))
        if self.way == "gated":
            hidden = hidden * self.gate(x)
        if self.way == "scaled":
            hidden = hidden * self.scale
        if self.way == "normed":
            hidden = functional.layer_norm(hidden, hidden.shape[-1:])
        if self.way == "flipped":
            hidden = hidden.flip(-1)
        if self.way == "dropped":
            hidden = functional.dropout(hidden, 0.5, self.training)
        outputs: torch.Tensor = self.down(hidden)
        if self.way == "twice":
            outputs = outputs + self.also(hidden)
        if self.way == "leaking":
            outputs = outputs + hidden.mean()
        return x + outputs


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
    ("way", "makers", "takers"),
    [("", ("up",), ("down",)), ("gated", ("gate", "up"), ("down",)),
     ("twice", ("up",), ("also", "down")), ("dropped", ("up",), ("down",))],
)  # fmt: skip
def test_layers_with_element_wise_functions_between_are_split_together(
    way: str, makers: tuple[str, ...], takers: tuple[str, ...]
) -> None:
    joint = LinearPair(makers=makers, takers=takers, width=8, random=way == "dropped")
    assert linear_pairs(task(Feed(way))) == [joint]


@pytest.mark.parametrize("way", ["scaled", "normed", "flipped", "leaking"])
def test_layers_with_anything_else_between_are_not(way: str) -> None:
    assert linear_pairs(task(Feed(way))) == []
    assert "no two linear layers" in str(TENSOR.feasible(task(Feed(way)), 2, "cpu"))


def test_no_layer_is_split_twice() -> None:
    model = nn.Sequential(*(layer for _ in range(3) for layer in (nn.Linear(6, 6), nn.Tanh())))
    found = linear_pairs(task(model))
    assert [(joint.makers, joint.takers) for joint in found] == [(("0",), ("2",))]


def test_a_layer_whose_weight_others_use_is_whole() -> None:
    model = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6))
    model[0].weight = model[4].weight
    assert linear_pairs(task(model)) == []


def test_what_cannot_be_split_is_refused() -> None:
    for model, fields, devices, reason in (
        (Feed(), {}, 2, None),
        (Feed(), {}, 3, "layers of 8 columns do not divide evenly over 3 devices"),
        (Feed("dropped"), {"exact_random": True}, 2, "exact_random cannot draw the dropout"),
        (Feed("dropped"), {}, 2, None),
    ):
        said = TENSOR.feasible(task(model, **fields), devices, "cpu")
        assert said is None if reason is None else reason in str(said)


def test_groups_of_split_layers_need_a_grid() -> None:
    assert "a grid" in str(BOTH.feasible(task(Feed()), 2, "cpu"))
    assert "a grid" in str(BOTH.feasible(task(Feed()), 6 + 1, "cpu"))
    assert BOTH.feasible(task(Feed()), 4, "cpu") is None
    assert [c.knobs["tensor"] for c in BOTH.choices(task(Feed()), 8)] == [2, 4]
    assert "batch of 7" in str(BOTH.feasible(task(Feed(), batch_size=7), 4, "cpu"))
    assert [c.knobs["tensor"] for c in BOTH.choices(task(Feed(), batch_size=6), 8)] == [4]


def declared(heads: int = 4, width: int = 8, tied: bool = False, drop: float = 0.0) -> Any:
    """A model that says how it is split, as those of transformers do.

    Its norms inside of attention heads are whole, but see a part of the heads only.
    """
    from functools import partial
    from types import SimpleNamespace

    import torch
    from torch import nn
    from torch.nn import functional

    class Config(SimpleNamespace):
        def get_text_config(self) -> Any:
            return self

        def to_dict(self) -> dict[str, Any]:
            return vars(self)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(6, heads * 4, bias=False) for _ in range(3))
            self.norm = nn.LayerNorm(4, bias=False)
            self.out = nn.Linear(heads * 4, 6)
            self.up, self.down = nn.Linear(6, width), nn.Linear(width, 6)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            shape = (*x.shape[:-1], -1, 4)
            q, k, v = (layer(x).view(shape).transpose(1, 2) for layer in (self.q, self.k, self.v))
            seen = functional.scaled_dot_product_attention(self.norm(q), k, v, is_causal=True)
            x = x + self.out(seen.transpose(1, 2).flatten(-2))
            return x + self.down(functional.silu(self.up(x)))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(12, 6)
            self.blocks = nn.ModuleList(Block() for _ in range(2))
            self.head = nn.Linear(6, 12, bias=False)
            if tied:
                self.head.weight = self.embed.weight
            self.config = Config(num_attention_heads=heads, attention_dropout=drop)
            self.tp_plan = {
                "embed": "embedding_rowwise",
                **{f"blocks.*.{name}": "colwise" for name in ("q", "k", "v", "up")},
                **{f"blocks.*.{name}": "rowwise" for name in ("out", "down")},
                "blocks.*.norm": "replicated_with_grad_allreduce",
                "head": "colwise_gather_output",
            }

        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            hidden = self.embed(tokens)
            for block in self.blocks:
                hidden = block(hidden)
            logits: torch.Tensor = self.head(hidden)
            return logits.transpose(1, 2)

    data = torch.utils.data.TensorDataset(*torch.randint(0, 12, (2, 44, 5)))
    fields = {"eval_data": data, "metrics": {}, "micro_batches": 2, "clip_norm": 0.5}
    optimizer = partial(torch.optim.AdamW, lr=1e-2, fused=True)  # as Hugging Face's Trainer does
    return mlp(
        model=Model(), data=data, loss=functional.cross_entropy, optimizer=optimizer, **fields
    )


@pytest.mark.parametrize(
    ("params", "devices", "reason"),
    [
        ({}, 2, None),
        ({"heads": 3}, 2, "num_attention_heads=3 does not divide evenly over 2"),
        ({"width": 9}, 2, "blocks.0.up does not divide evenly over 2"),
    ],
)
def test_a_declared_plan_is_kept_where_it_fits(
    params: dict[str, Any], devices: int, reason: str | None
) -> None:
    said = TENSOR.feasible(declared(**params), devices, "cpu")
    assert said is None if reason is None else reason in str(said)


def test_a_declared_plan_with_something_unknown_is_refused() -> None:
    known = declared()
    known.model.tp_plan["blocks.*.norm"] = "sequence"
    assert "wants blocks.0.norm to be sequence" in str(TENSOR.feasible(known, 2, "cpu"))


def test_dropout_of_attention_cannot_be_exact() -> None:
    known = replace(declared(drop=0.5), exact_random=True)
    assert "cannot draw the dropout" in str(TENSOR.feasible(known, 2, "cpu"))


@pytest.mark.parametrize(
    ("technique", "devices", "tied"), [("fsdp-tensor", 4, False), ("tensor", 2, True)]
)
def test_a_declared_plan_trains_what_one_device_trains(
    session: Session, technique: str, devices: int, tied: bool
) -> None:
    spec = session.spec(declared, f"whole-{tied}", tied=tied)
    expected = finish(session.train(spec, "single", steps=4))
    split = {**spec, "name": f"split-{tied}"}
    result = finish(session.train(split, technique, devices, steps=4))
    assert result["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert result["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert_same(session, split, spec)


def encoder(**fields: Any) -> Any:
    """A layer of PyTorch that takes another way in evaluation, where it is not split.

    Without biases: those of keys have no gradient but rounding errors, which AdamW makes large.
    """
    from functools import partial

    import torch
    from torch import nn

    class Rows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(
                nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, bias=False)
                for _ in range(4)
            )
            self.begin = nn.Linear(2, 8)
            self.end = nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            hidden = self.begin(x.view(-1, 3, 2))
            for layer in self.layers:
                hidden = layer(hidden)
            return self.end(hidden.mean(1))

    optimizer = partial(torch.optim.AdamW, lr=1e-2, fused=True)
    return mlp(model=Rows(), micro_batches=2, clip_norm=0.5, optimizer=optimizer, **fields)


@nightly
def test_a_run_goes_on_under_one_technique_after_the_other(session: Session) -> None:
    script = str(session.script)

    def switched() -> Any:
        return encoder(script=script)

    spec = session.spec(switched)
    expected = finish(session.train(spec, "single", steps=60))
    moving = {**spec, "name": "moving"}
    before = 0
    for technique, devices, losses in (
        ("single", 1, 2), ("pipeline", 2, 8), ("pipeline", 4, 8), ("tensor", 2, 2), ("fsdp", 2, 1),
    ):  # fmt: skip
        # In the second step, of so many losses each.
        session.script.write_text(json.dumps({"terminate-last": losses}))
        group = session.train(moving, technique, devices, steps=60)
        assert set(group.wait()) == {0}, group.log
        assert group.of("started")[0]["step"] == before
        before = group.of("stopped")[0]["step"]
    session.script.unlink()
    result = finish(session.train(moving, "single", steps=60))
    assert before < 60
    assert result["loss"] == pytest.approx(expected["loss"], rel=1e-5)
    assert result["metrics"] == pytest.approx(expected["metrics"], rel=1e-5)
    assert_same(session, moving, spec)


def assert_same(session: Session, spec: Json, reference: Json) -> None:
    weights, expected = session.weights(spec), session.weights(reference)
    assert list(weights) == list(expected)
    for name, tensor in expected.items():
        torch.testing.assert_close(weights[name], tensor, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "reason"),
    [({}, None), ({"use_dora": True}, "an adapter whose lora_magnitude_vector cannot be split")],
)
def test_of_adapters_only_plain_lora_is_split(options: Json, reason: str | None) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=40, hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2,
    )  # fmt: skip
    adapted = LoraConfig(r=2, target_modules=["q_proj"], **options)
    model = get_peft_model(LlamaForCausalLM(config), adapted)
    rows = [{"input_ids": words, "labels": words} for words in torch.randint(0, 40, (8, 5))]
    task = Task(model, rows, optimizer=partial(torch.optim.AdamW, lr=1e-3), batch_size=4)
    found = TENSOR.feasible(task, 2, "cpu")
    assert found is None if reason is None else reason in str(found)
