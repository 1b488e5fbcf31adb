"""The loss is the token mean, whatever the batch, the packing or the path through the head."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.shards import PackedShards
from odyssim.training import loss
from odyssim.training.data import collate
from odyssim.training.loss import Tally, TokenNll, nll_of
from odyssim.training.model import build_model
from odyssim.training.unigram import unigram_nll
from tests.training.conftest import SEQ_LEN, SHAPE


@pytest.fixture
def module(chatml: ChatML) -> TokenNll:
    return TokenNll(build_model(SHAPE, chatml, seed=0, dtype=torch.float32))


def mean_and_gradient(module: TokenNll, shards: PackedShards, micro_rows: int) -> tuple[float, torch.Tensor]:
    """The mean loss over all rows and the gradient of the embeddings, in micro-batches."""
    module.zero_grad()
    numbers = range(len(shards))
    batches = [collate(shards.rows(numbers[i : i + micro_rows])) for i in range(0, len(shards), micro_rows)]
    targets = sum(len(batch.targets) for batch in batches)
    total = 0.0
    for batch in batches:
        nll = nll_of(module, batch).sum() / targets
        nll.backward()  # type: ignore[no-untyped-call]
        total += nll.item()
    gradient = module.model.get_parameter("model.embed_tokens.weight").grad
    assert gradient is not None
    return total, gradient.clone()


def test_micro_batch_size_does_not_change_loss_or_gradient(module: TokenNll, shards: Path) -> None:
    packed = PackedShards(shards / "validation")
    whole, whole_gradient = mean_and_gradient(module, packed, len(packed))
    for micro_rows in (1, 3):
        mean, gradient = mean_and_gradient(module, packed, micro_rows)
        assert mean == pytest.approx(whole, abs=1e-5)
        torch.testing.assert_close(gradient, whole_gradient, rtol=1e-4, atol=1e-6)


def test_packing_does_not_change_the_loss(module: TokenNll, uncut: dict[int, Path]) -> None:
    means = [mean_and_gradient(module, PackedShards(path), 4)[0] for path in uncut.values()]
    assert means == pytest.approx([means[0]] * 3, abs=1e-5)


def test_the_loss_is_that_of_the_plain_model_at_the_masked_tokens(module: TokenNll, shards: Path) -> None:
    packed = PackedShards(shards / "train")
    document = packed.documents[0]
    row = packed.row(0)
    stop = int(document["length"])
    ids = torch.from_numpy(row.input_ids[:stop]).unsqueeze(0)
    labels = torch.where(torch.from_numpy(row.loss_mask[:stop]).unsqueeze(0), ids, -100)
    expected = module.model(input_ids=ids, labels=labels).loss
    batch = collate(packed.rows([0]))
    found = nll_of(module, batch)[torch.from_numpy(batch.documents == 0)].mean()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_a_chunked_head_gives_the_same_loss_and_gradient(
    module: TokenNll, shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = PackedShards(shards / "validation")
    whole, whole_gradient = mean_and_gradient(module, packed, 4)
    monkeypatch.setattr(loss, "HEAD_CHUNK", 10)
    chunked, chunked_gradient = mean_and_gradient(module, packed, 4)
    assert chunked == pytest.approx(whole, abs=1e-6)
    torch.testing.assert_close(chunked_gradient, whole_gradient, rtol=1e-4, atol=1e-6)


def test_figures_are_ratios_of_sums_with_clustered_intervals(uncut: dict[int, Path]) -> None:
    packed = PackedShards(uncut[2 * SEQ_LEN])
    tally = Tally(packed)
    documents = np.repeat(np.arange(len(packed.documents)), 2)
    values = np.random.default_rng(0).normal(3.0, 1.0, len(documents))
    tally.add(documents, values)
    summary = tally.summary()
    clusters = values.reshape(-1, 2).mean(1)
    error = 1.96 * clusters.std(ddof=1) / math.sqrt(len(clusters))
    assert summary.overall.nll == pytest.approx(values.mean())
    assert summary.overall.high == pytest.approx(values.mean() + error)
    assert summary.overall.tokens == sum(figure.tokens for figure in summary.by_source.values()) == len(values)


def test_the_unigram_is_the_cross_entropy_of_counted_targets(shards: Path) -> None:
    train = PackedShards(shards / "train")
    targets = [train.row(number).input_ids[train.row(number).loss_mask] for number in range(len(train))]
    counts = np.bincount(np.concatenate(targets), minlength=train.index.vocab_size)
    smoothed = (counts + 1) / (counts.sum() + len(counts))
    expected = -(counts * np.log(smoothed)).sum() / counts.sum()
    assert unigram_nll(train, train, validation_rows=len(train)).overall.nll == pytest.approx(expected)
