"""Models whose parameters have no numbers are like those that have, and draw as much."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from jupyterlab_saturn.training.components.parameters_on_meta import parameters_on_meta
from jupyterlab_saturn.training.components.seeding import global_state, seed_all
from torch import nn

WIDTH = 8


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH), nn.Embedding(5, WIDTH))


def initialised() -> nn.Module:
    model = plain()

    def start(module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            module.weight.data.normal_(0.0, 0.1)
            nn.init.orthogonal_(module.weight)
        if isinstance(module, nn.Embedding):
            nn.init.xavier_uniform_(module.weight)
            module.weight.data[2].uniform_()

    return model.apply(start)


def tied() -> nn.Module:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            weight = nn.Parameter(torch.randn(WIDTH, WIDTH))
            weight.kept = True  # type: ignore[attr-defined]
            self.one = weight
            self.two = weight
            self.inner = nn.Linear(WIDTH, WIDTH)
            self.inner.weight = self.one

    return Tied()


def of_meta_by_itself() -> nn.Module:
    with torch.device("meta"):
        nn.init.normal_(nn.Linear(WIDTH, WIDTH).weight)  # draws nothing
    return plain()


def cast() -> nn.Module:
    return plain().to(torch.bfloat16).to("cpu").requires_grad_(False)


def loaded() -> nn.Module:
    model = plain()
    model.load_state_dict(plain().state_dict())
    return model


KINDS = [plain, initialised, tied, of_meta_by_itself, cast, loaded]


def assert_alike(make: Callable[[], nn.Module]) -> nn.Module:
    """What is made without numbers is like what is made with them, and draws as much."""
    seed_all(3)
    real, drawn = make(), global_state()
    seed_all(3)
    with parameters_on_meta():
        model = make()
    assert global_state() == drawn
    assert all(parameter.is_meta for parameter in model.parameters())
    found, expected = list(model.named_parameters()), list(real.named_parameters())
    assert [name for name, _ in found] == [name for name, _ in expected]
    for (_, mine), (_, theirs) in zip(found, expected, strict=True):
        assert (mine.shape, mine.dtype, mine.stride(), mine.requires_grad, vars(mine)) == (
            theirs.shape,
            theirs.dtype,
            theirs.stride(),
            theirs.requires_grad,
            vars(theirs),
        )
    return model


@pytest.mark.parametrize("make", KINDS)
def test_it_is_like_the_real_one_and_draws_alike(make: Callable[[], nn.Module]) -> None:
    assert_alike(make)


def test_afterwards_modules_are_as_ever() -> None:
    with parameters_on_meta():
        pass
    assert not nn.Linear(2, 2).weight.is_meta


def test_buffers_and_data_have_their_numbers() -> None:
    with parameters_on_meta():
        norm, data = nn.BatchNorm1d(3), torch.ones(4)
    assert norm.running_var is not None
    assert norm.running_var.tolist() == [1.0, 1.0, 1.0]
    assert data.sum().item() == 4


@pytest.mark.parametrize(
    "look",
    [
        lambda weight: weight.sum().item(),
        lambda weight: bool((weight > 0).all()),
        lambda weight: weight.detach().numpy(),
        lambda weight: weight.detach().cpu().numpy(),
        lambda weight: torch.equal(weight, weight),
        lambda weight: weight.tolist(),
        lambda weight: torch.ones(3, WIDTH) @ weight,
        lambda weight: torch.ones(WIDTH, WIDTH).copy_(weight),
        lambda weight: torch._foreach_copy_([torch.ones(WIDTH, WIDTH)], [weight.detach()]),
    ],
)
def test_whoever_looks_at_numbers_is_told(look: Callable[[torch.Tensor], Any]) -> None:
    with parameters_on_meta(), pytest.raises((RuntimeError, NotImplementedError, TypeError)):
        look(nn.Linear(WIDTH, WIDTH).weight)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    transformers = pytest.importorskip("transformers")
    folder: Path = tmp_path_factory.mktemp("llama")
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        pad_token_id=0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_pretrained_model_with_a_new_head_is(pretrained: Path) -> None:
    from transformers import AutoModelForSequenceClassification

    def make() -> nn.Module:
        model: nn.Module = AutoModelForSequenceClassification.from_pretrained(
            pretrained, num_labels=3, dtype=torch.bfloat16
        )
        return model

    model = assert_alike(make)
    rotary = {name: buffer for name, buffer in model.named_buffers() if "inv_freq" in name}
    assert rotary
    assert not any(buffer.is_meta for buffer in rotary.values())


def test_so_is_one_with_a_lora(pretrained: Path) -> None:
    peft = pytest.importorskip("peft")
    from transformers import AutoModelForCausalLM

    def make() -> nn.Module:
        model = AutoModelForCausalLM.from_pretrained(pretrained)
        config = peft.LoraConfig(r=2, target_modules=["q_proj"], lora_dropout=0.1)
        return peft.get_peft_model(model, config)  # type: ignore[no-any-return]

    assert_alike(make)


def test_what_nobody_has_any_more_is_no_stray() -> None:
    with parameters_on_meta() as hollow:
        model = plain()
        forgotten = plain()
        forgotten.itself = [forgotten]
        del forgotten
    assert not hollow.strays(model)
