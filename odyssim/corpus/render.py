"""Render: an interaction becomes one training sequence for each person worth imitating.

The chosen speaker is the `assistant` whom the model learns to be; everybody else is the `user`. A two-person example,
seen from Ana (loss on the marked parts):

    <|im_start|>system
    You are Ana, talking with Ben.
    The situation: A flat with one bathroom.
    What you want, which only you know: the first shower.<|im_end|>
    <|im_start|>user
    morning!<|im_end|>
    <|im_start|>assistant
    dibs on the bathroom<|im_end|>
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from odyssim.corpus.chatml import ChatML
from odyssim.types import Interaction, Message, SocialContext, TrainingSequence


@dataclass(frozen=True, slots=True)
class RenderCounts:
    """What rendering made and what it had to leave out."""

    sequences: int = 0
    tokens: int = 0
    loss_tokens: int = 0
    shortened_sequences: int = 0
    dropped_turns: int = 0
    dropped_sequences: int = 0

    def __add__(self, other: RenderCounts) -> RenderCounts:
        return RenderCounts(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


def render(interaction: Interaction, chatml: ChatML, *, max_tokens: int) -> tuple[list[TrainingSequence], RenderCounts]:
    """One sequence of at most `max_tokens` ids per imitated speaker, and the counts.

    The loss mask is 1 on the content and the end token of the speaker's turns with `train=True`. Turns after the last
    of these are left out, since nothing learns from them. A sequence that is too long loses whole turns from the
    oldest on, never its system message; it is dropped if not even its last trained turn fits. `role` is the speaker,
    and `prompt_uid` names the interaction, so that sequences from the same interaction can be told to belong together.
    """
    source = interaction.source
    uid = f"{source.dataset}/{source.split}/{source.original_id}"
    scenes = {speaker: _scene(interaction, speaker) for speaker in interaction.imitated_speakers}
    texts = list({message.content: None for system, said in scenes.values() for message in (*system, *said)})
    ids_of = dict(zip(texts, chatml.contents(texts), strict=True))

    sequences: list[TrainingSequence] = []
    counts = RenderCounts()
    for speaker, (system, said) in scenes.items():
        opening = [chatml.turn(message.role, ids_of[message.content]) for message in system]
        turns = [
            chatml.turn(message.role, ids_of[message.content], train=turn.train and turn.speaker == speaker)
            for message, turn in zip(said, interaction.turns, strict=True)
        ]
        kept = _fit(turns, max_tokens - sum(len(ids) for ids, _ in opening))
        if kept is None:
            counts += RenderCounts(dropped_sequences=1)
            continue
        blocks = opening + turns[kept]
        sequence = TrainingSequence(
            token_ids=tuple(token for ids, _ in blocks for token in ids),
            loss_mask=tuple(flag for _, mask in blocks for flag in mask),
            prompt_uid=uid,
            role=speaker,
        )
        sequences.append(sequence)
        counts += RenderCounts(
            sequences=1,
            tokens=len(sequence.token_ids),
            loss_tokens=sum(sequence.loss_mask),
            shortened_sequences=int(kept.start > 0),
            dropped_turns=kept.start,
        )
    return sequences, counts


def messages_before(interaction: Interaction, index: int) -> list[Message]:
    """The prompt under which the speaker of turn `index` (0-based) said it, exactly as it is trained."""
    system, said = _scene(interaction, interaction.turns[index].speaker)
    return [*system, *said[:index]]


def system_message(context: SocialContext, speaker: str, others: Sequence[str]) -> str:
    """What `speaker` knows before the first turn: the scene, the relationship, and of all people only the own side.

    A simulator must describe its scene with this very function, so that the model meets the words it was trained on.
    """
    company = f", talking with {_enumerate(others)}" if others else ""
    facts = [
        ("The situation", context.scenario),
        ("Between you", context.relationship),
        ("About you", context.profiles.get(speaker, "")),
        ("What you want, which only you know", context.goals.get(speaker, "")),
    ]
    lines = [f"You are {speaker}{company}.", *(f"{label}: {fact}" for label, fact in facts if fact)]
    return "\n".join(lines)


def _scene(interaction: Interaction, speaker: str) -> tuple[list[Message], list[Message]]:
    """The system message, if there is a context, and one message per turn, as `speaker` experiences them.

    Others are told apart by name only where there are several of them.
    """
    speakers = tuple(dict.fromkeys(turn.speaker for turn in interaction.turns))
    others = [name for name in speakers if name != speaker]
    system, said = [], []
    if interaction.context is not None:
        system = [Message(role="system", content=system_message(interaction.context, speaker, others))]
    for turn in interaction.turns:
        if turn.speaker == speaker:
            said.append(Message(role="assistant", content=turn.text))
        else:
            name = f"{turn.speaker}: " if len(others) > 1 else ""
            said.append(Message(role="user", content=name + turn.text))
    return system, said


def _fit(turns: Sequence[tuple[list[int], list[int]]], room: int) -> slice | None:
    """The longest run of turns of at most `room` tokens that ends with the last trained one; none if that one fails."""
    end = max(index for index, (_, mask) in enumerate(turns) if any(mask)) + 1
    start = end
    while start > 0 and (room := room - len(turns[start - 1][0])) >= 0:
        start -= 1
    return slice(start, end) if start < end else None


def _enumerate(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
