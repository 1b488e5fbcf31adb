"""tombench: reward of ToMBench."""

from __future__ import annotations

from odyssim.tasks.tombench import ToMBench
from tests.parity.rows import reward

COVERED = {"end-to-end reward of one question": lambda given: reward(ToMBench(), given["row"], given["response"])}
