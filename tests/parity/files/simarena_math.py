"""simarena_math: arithmetic, transcripts and whole episodes of SimArena-Math."""

from __future__ import annotations

from odyssim.tasks.sim_arena_math import SimArenaMath
from tests.parity.sim_arena import covered

COVERED = covered(SimArenaMath())
