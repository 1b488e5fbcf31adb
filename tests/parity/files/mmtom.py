"""mmtom: reward of MMToM-QA."""

from __future__ import annotations

from odyssim.tasks.mmtom import MMToM
from tests.parity.rows import reward

COVERED = {"end-to-end reward of one question": lambda given: reward(MMToM(), given["row"], given["response"])}
