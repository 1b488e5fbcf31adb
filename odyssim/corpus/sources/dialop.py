"""DialOp (Lin et al., ACL 2024): people plan and decide together in three games, each knowing only a part.

Layout: a JSON lines file per game. A line holds what was dealt to the players and the log of what they did:

    {"action_log": [{"type": "message", "player": 0, "message": {"data": "hi / any cafe?"}},
                    {"type": "proposal", "player": 1, "proposal": ...},
                    {"type": "proposal_response", "player": 0, "response": {"accept": true, "from_player": 0}}],
     "preferences": [["find a place with wifi", ...]], "events": [...], "player_data": [...], "result": {...}}

Proposals and answers to them are acts that a person chose and stay as trained turns in square brackets. ` / ` joins
messages that were sent one after the other: they become lines. In `mediation` an agent talks with two travellers in
private rooms (`vroom`), so a game is two conversations. Results and rewards are the outcome and are not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.dialop_games import AGENT, MATCHERS, TRAVELLER, Itinerary, Mediation, Optimization
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import jsonl_records
from odyssim.types import Axis, Interaction

_GAMES: Final[dict[str, type[Itinerary | Mediation | Optimization]]] = {
    "data/itinerary.jsonl": Itinerary,
    "data/mediation.jsonl": Mediation,
    "data/optimization.jsonl": Optimization,
}


class DialOp(SourceReader):
    """Every player is a person and is imitated."""

    card = SourceCard(
        id="dialop",
        title="DialOp: planning trips, booking flights, matching reviewers",
        axes=(Axis.SS,),
        licence="CDLA-Permissive-2.0",
        citation="Lin et al., ACL 2024",
        url="https://github.com/jlin816/dialop",
        files=tuple(_GAMES),
        human="All players are crowd workers; their proposals and answers are acts of theirs.",
        columns=("action_log",),
        rows_upstream=409,
        imitated=(TRAVELLER, AGENT, *MATCHERS),
        interactions=455,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*self.card.files):
            for number, (place, game) in enumerate(jsonl_records(file, _GAMES[file.name], report), start=1):
                game_id = f"{PurePosixPath(file.name).stem}-{number}"
                for name, turns, context in game.conversations():
                    yield from self.emit(
                        turns,
                        context,
                        report,
                        axis=Axis.SS,
                        split=hash_split(game_id),
                        original_id=game_id + name,
                        place=place,
                    )
