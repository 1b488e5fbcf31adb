"""simarena_doc: arithmetic, transcripts and whole episodes of SimArena-Doc."""

from __future__ import annotations

from odyssim.tasks.sim_arena_doc import SimArenaDoc
from tests.parity.sim_arena import covered

COVERED = covered(SimArenaDoc())
