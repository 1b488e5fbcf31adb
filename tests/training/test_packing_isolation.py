"""Documents packed into one row do not see each other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from odyssim.corpus.chatml import ChatML
from odyssim.corpus.shards import PackedShards
from odyssim.training.data import collate
from odyssim.training.model import build_model
from tests.training.conftest import SHAPE


@pytest.fixture(scope="module")
def model(chatml: ChatML) -> PreTrainedModel:
    return build_model(SHAPE, chatml, seed=0, dtype=torch.float32)


@torch.no_grad()
def logits(model: PreTrainedModel, input_ids: torch.Tensor, position_ids: torch.Tensor) -> torch.Tensor:
    output: torch.Tensor = model(input_ids=input_ids, position_ids=position_ids, use_cache=False).logits
    return output


def test_changing_one_document_leaves_the_others_untouched(
    model: PreTrainedModel, shards: Path, chatml: ChatML
) -> None:
    packed = PackedShards(shards / "train")
    numbers = [number for number in range(len(packed)) if packed.row(number).documents[-1] < 0][:4]
    batch = collate(packed.rows(numbers))
    first_documents = (batch.position_ids == 0).cumsum(-1) == 1
    changed = torch.where(first_documents, (batch.input_ids + 7) % chatml.vocab_size, batch.input_ids)
    before = logits(model, batch.input_ids, batch.position_ids)
    after = logits(model, changed, batch.position_ids)
    assert torch.equal(before[~first_documents], after[~first_documents])
    assert not torch.allclose(before[first_documents], after[first_documents])


def test_a_packed_document_scores_as_it_does_alone(model: PreTrainedModel, shards: Path) -> None:
    packed = PackedShards(shards / "train")
    batch = collate(packed.rows(range(3)))
    together = logits(model, batch.input_ids, batch.position_ids)
    for document in packed.documents[packed.documents["row"] < 3]:
        row, start, stop = document["row"], document["start"], document["start"] + document["length"]
        alone = batch.input_ids[row, start:stop].unsqueeze(0)
        single = logits(model, alone, torch.arange(len(alone[0])).unsqueeze(0))
        torch.testing.assert_close(together[row, start:stop], single[0], rtol=1e-5, atol=1e-5)
