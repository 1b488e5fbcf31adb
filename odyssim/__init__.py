"""OdysSim: train, measure and serve language models that behave like people.

The verbs of the command line are the functions of this package; each is imported when first used, so that
`import odyssim` costs nothing:

    load_model(name)      a ChatModel: an endpoint, a local checkpoint, a script
    build_corpus(...)     raw files to interactions
    midtrain(...)         packed interactions to a checkpoint
    evaluate(...)         a model on SOUL tasks
    rescore(...)          the same episodes with other judges
    compare(...)          finished evaluations, item by item
    likeness(...)         a model's next turns against people's
    run(...)              a whole recipe
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_VERBS = {
    "load_model": "odyssim.models.registry",
    "build_corpus": "odyssim.corpus.build.corpus",
    "midtrain": "odyssim.training.midtrain",
    "evaluate": "odyssim.soul.evaluate",
    "rescore": "odyssim.soul.rescore",
    "compare": "odyssim.soul.compare",
    "likeness": "odyssim.soul.next_turn",
    "run": "odyssim.recipe.run",
}

__all__ = ["__version__", *_VERBS]


def __getattr__(name: str) -> Any:
    if name not in _VERBS:
        raise AttributeError(f"module 'odyssim' has no attribute '{name}'")
    return getattr(import_module(_VERBS[name]), name)


def __dir__() -> list[str]:
    return __all__
