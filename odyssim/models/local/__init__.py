"""A transformers checkpoint as a `ChatModel`, on CPU or CUDA.

Requests that wait at the same time share a batch, yet each is drawn from its own seed: every row adds Gumbel noise
from its own generator to its own scores and takes the maximum, which is an exact draw from the softmax of the scores
(Maddison et al. 2014, "A* Sampling", section 2). What else is in the batch can change a reply through rounding only:
the shape of a batch moves the last bits of the scores, which matters where two candidates are that close (very rare
in float32, not in bfloat16). The same seed draws differently on CPU and on CUDA, whose generators differ.
"""

from __future__ import annotations

from odyssim.errors import MissingDependency

try:
    import torch  # noqa: F401
    import transformers  # noqa: F401
except ImportError as missing:
    raise MissingDependency(missing.name or "transformers", "train", purpose="A local model") from missing

from odyssim.models.local.engine import LocalModel

__all__ = ["LocalModel"]
