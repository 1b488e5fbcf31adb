"""The causal language model to train: random weights of a given shape, or a pretrained base.

Packed rows need nothing but `position_ids` that restart with each document, and no attention mask: transformers then
builds the block-diagonal causal mask itself, for each row of a batch on its own (`find_packed_sequence_indices` in
its `masking_utils`). This holds for the sdpa (the default) and eager attention, and only while no cache is in use.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel, Qwen3Config, Qwen3ForCausalLM
from transformers.utils.logging import disable_progress_bar

from odyssim.corpus.chatml import ChatML
from odyssim.errors import UsageError
from odyssim.training.config import ModelShape


def build_model(model: ModelShape | str, chatml: ChatML, *, seed: int, dtype: torch.dtype) -> PreTrainedModel:
    """A model on the CPU whose end-of-turn and padding ids are those of `chatml`.

    A `ModelShape` gives random weights that depend on `seed` alone; a string is a folder or a hub id. Raises
    `UsageError` if a base cannot be loaded or has fewer embeddings than the tokenizer has ids.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # progress has one channel: odyssim.progress
    built = _pretrained(model, dtype) if isinstance(model, str) else _random(model, chatml.vocab_size, seed, dtype)
    embeddings = cast(nn.Embedding, built.get_input_embeddings()).num_embeddings
    if embeddings < chatml.vocab_size:
        raise UsageError(
            f"The tokenizer has {chatml.vocab_size} ids but the model only {embeddings} embeddings.",
            hint="use the tokenizer that belongs to the base model",
        )
    for settings in (built.config, built.generation_config):
        settings.eos_token_id = chatml.turn_end
        settings.pad_token_id = chatml.pad
    return built


def _random(shape: ModelShape, vocab_size: int, seed: int, dtype: torch.dtype) -> PreTrainedModel:
    config = Qwen3Config(
        vocab_size=vocab_size,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads,
        head_dim=shape.head_dim,
        max_position_embeddings=shape.max_positions,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rope_theta},
        tie_word_embeddings=shape.tie_embeddings,
        bos_token_id=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Qwen3ForCausalLM(config)
    nn.Module.to(model, dtype)
    return model


def _pretrained(base: str, dtype: torch.dtype) -> PreTrainedModel:
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"Cannot load the base model '{base}': {error}", hint="give a model folder or hub id"
        ) from error
    return model
