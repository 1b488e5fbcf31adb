"""The midtraining of prepared runs on a machine with a GPU and no data, within a time limit.

Here, with the shapes of recipes/context-writer.yaml; 16 MB travel, and four wheels where pydantic is missing there:

    odyssim run context-writer --data DATA --out runs/small --until packed
    odyssim run context-writer --data DATA --out runs/large --until packed --set tokenizer.vocab_size=8192 --set ...
    for run in small large; do tar -C runs -czf .gpu/$run.tgz $run/{recipe.yaml,packed,tokenizer}; done
    python -m pip download --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
        --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 -d .wheels \
        pydantic==2.14.3 pydantic-core==2.50.4 annotated-types typing-inspection

There, with torch, transformers and accelerate installed; what comes back is in files of 15 MiB:

    python3 -m pip install -q --no-index --no-deps --no-compile --target /tmp/site .wheels/*.whl
    export PYTHONPATH=/tmp/site:.
    for run in small large; do
        tar -xzf .gpu/$run.tgz -C /tmp && python3 benchmarks/context_writer_gpu.py /tmp/$run /tmp/out/$run --minutes 3
        tar -C /tmp/out -c $run | split -b 15M - $OUT/$run.tar.
    done

Here again:

    cat large.tar.* | tar -x && cp runs/large/tokenizer/files/* large/
    echo '{"form": "lines-1"}' > large/context_writer.json
    odyssim corpus ground CORPUS --writer local/large
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import torch
import yaml
from transformers import AutoModelForCausalLM

from odyssim.training.config import MidtrainConfig, ModelShape
from odyssim.training.midtrain import MidtrainResult, midtrain

TRIAL_STEPS = 30
SHARE_FOR_TRAINING = 0.8
"""Of the time limit; validation and checkpoints take the rest."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="recipe.yaml, packed/ and tokenizer/ of a run")
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=7.0)
    options = parser.parse_args()
    recipe = yaml.safe_load((options.run / "recipe.yaml").read_text())
    config = MidtrainConfig.model_validate(recipe["midtrain"])
    model = ModelShape.model_validate(recipe["model"])

    def train(config: MidtrainConfig, out: str) -> MidtrainResult:
        tokenizer = options.run / "tokenizer" / "files"
        result = midtrain(config, options.run / "packed", Path(out), model=model, tokenizer=tokenizer)
        print(
            f"{result.parameters / 1e6:.1f} M parameters, {result.steps} steps, {result.tokens / 1e6:.1f} M tokens at "
            f"{result.tokens_per_second:,.0f}/s; validation {result.best.overall.nll:.4f} at step {result.best_step} "
            f"(untrained {result.untrained.overall.nll:.4f}, unigram {result.unigram.overall.nll:.4f})",
            flush=True,
        )
        return result

    with tempfile.TemporaryDirectory() as trial, tempfile.TemporaryDirectory() as work:
        short = {"steps": TRIAL_STEPS, "epochs": None, "warmup_steps": 0, "eval_rows": config.rows_per_step}
        speed = train(config.model_copy(update=short), trial)
        per_step = speed.seconds / speed.steps
        steps = int(60 * options.minutes * SHARE_FOR_TRAINING / per_step)
        train(config.model_copy(update={"steps": min(steps, config.steps or steps)}), work)
        best = AutoModelForCausalLM.from_pretrained(Path(work) / "best", dtype=torch.bfloat16)
        best.save_pretrained(options.out)
        shutil.copyfile(Path(work) / "midtrain.json", options.out / "midtrain.json")


if __name__ == "__main__":
    main()
