"""How good the contexts of an offline writer are, on held-out conversations of the datasets that bring their own.

    python benchmarks/context_writer_quality.py MODEL_FOLDER --data FOLDER      about six minutes on one core at 29 M

The floor is another conversation's context, the ceiling the dataset's own; "keywords" is a list of frequent words, to
show how far matching by words can be trusted.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from odyssim.corpus.catalog import SOURCES
from odyssim.corpus.ground.baselines import keywords
from odyssim.corpus.ground.form import form_of
from odyssim.corpus.ground.ground import GroundSettings, ground
from odyssim.corpus.ground.quality import context_quality
from odyssim.corpus.ground.quality_table import quality_table
from odyssim.corpus.sources.base import ReadReport
from odyssim.corpus.store import read_interactions
from odyssim.models.local import LocalModel
from odyssim.types import Interaction, derive_seed

HELD_OUT = {
    "empathetic_dialogues": 220,
    "star": 60,
    "dialogsum": 60,
    "taskmaster": 40,
    "synthetic_persona_chat": 40,
    "persuasionforgood": 34,
    "casino": 30,
}
"""Conversations per source: as many as give its share of the report a readable interval in minutes."""
DRAW_SEED, QUALITY_SEED = 7, 1


def held_out(data: Path) -> list[Interaction]:
    """Validation conversations with a context, drawn by seed."""
    drawn: list[Interaction] = []
    for name, n in HELD_OUT.items():
        source = SOURCES[name]
        rows = [row for row in source.read(source.files(data), ReadReport()) if row.source.split == "validation"]
        rows = sorted(
            (row for row in rows if row.context), key=lambda row: derive_seed(DRAW_SEED, row.source.original_id)
        )
        drawn += rows[:n]
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a checkpoint with context_writer.json beside its weights")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    rows = held_out(options.data)
    settings = GroundSettings(rewrite="all", concurrency=64, temperature=0.0)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "written.parquet"
        writer, form = LocalModel(options.model, device="cpu"), form_of(f"local/{options.model}")
        report = asyncio.run(ground(rows, writer, out, Path(scratch) / "journal", settings=settings, form=form))
        written = {"writer": list(read_interactions(out)), "keywords": list(keywords(rows))}
    quality = asyncio.run(context_quality(rows, written, seed=QUALITY_SEED, reports={"writer": report}))
    print(quality_table(quality))


if __name__ == "__main__":
    main()
