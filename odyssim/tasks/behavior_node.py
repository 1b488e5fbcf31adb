"""The JSON object that a BehaviorChain row carries as one string: what it tells, and the persona under another name."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from odyssim.tasks.rows import Row
from odyssim.types import Json, Profile, derive_seed

_FIRST_NAMES: Final = ("Oriel", "Sasha", "Noor", "Jules", "Kimmo", "Alexis", "Tansy", "Marlo")
_LAST_NAMES: Final = ("Hale", "Okoro", "Lindgren", "Vasari", "Tamm", "Pereira", "Quist", "Anand")
_TITLES: Final = frozenset("mr mrs ms miss dr sir lady lord madame captain king queen prince princess the of".split())


def node_of(row: Row) -> Row:
    """A row with the fields of the object in `raw`; `DataError` if there is none."""
    given = row.info.get("raw")
    try:
        raw = json.loads(given) if isinstance(given, str) else None
    except (ValueError, RecursionError) as error:
        row.fail(f"'raw' is not valid JSON: {error}")
    return replace(row, info=raw) if isinstance(raw, dict) else row.fail("'raw' is not a JSON object in a string")


def options_of(node: Row) -> tuple[str, ...]:
    """Four options from the lettered object, a missing one blank; otherwise the members of the list."""
    lettered = node.info.get("options_dict")
    if not isinstance(lettered, dict) or not lettered:
        return node.texts("options")
    slots = replace(node, info=lettered)
    return tuple(slots.text(letter) for letter in "ABCD")


def profile_of(node: Row, profile: Profile) -> str:
    """The persona's profile. As published, blanks count as one."""
    if profile is Profile.IMPROVED:
        return node.text("profile_text", "profile")
    return str(node.info.get("profile_text") or node.info.get("profile") or "")


def story_of(node: Row, profile: Profile) -> str:
    """The story before the chain: chapters (number, newline, content) and loose texts, a blank line between."""
    chapters = _list(node, "history_truncated")
    return _shown_or_text(chapters, "\n\n".join(filter(None, map(_chapter, chapters))), node, "history_text", profile)


def steps_of(node: Row, profile: Profile) -> str:
    """The earlier steps, numbered from 0; a member that is no object takes a number and is not shown."""
    steps = _list(node, "prior_chain")
    shown = [f"Step {number}:{_step(step)}" for number, step in enumerate(steps) if isinstance(step, dict)]
    return _shown_or_text(steps, "\n\n".join(shown), node, "prior_chain_text", profile)


def depth_of(node: Row) -> int | None:
    """How many steps lie before the node; none if the row does not list them."""
    steps = node.info.get("prior_chain")
    return len(steps) if isinstance(steps, list) else None


def renamed(node: Row, seed: int) -> Row:
    """The node with another name for its persona, the same in every node of the persona; titles stay."""
    persona = node.text("persona_name")
    parts = [part for part in re.findall(r"[^\W\d_]{2,}", persona) if part.lower() not in _TITLES]
    rng = random.Random(derive_seed(seed, persona))
    names = dict(zip(parts, (rng.choice(_FIRST_NAMES), *rng.sample(_LAST_NAMES, len(_LAST_NAMES))), strict=False))
    return replace(node, info=_each_text(node.info, names))


def _each_text(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _each_text(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_each_text(member, names) for member in value]
    return re.sub(r"[^\W\d_]+", lambda word: names.get(word[0], word[0]), value) if isinstance(value, str) else value


def _list(node: Row, key: str) -> Sequence[Any]:
    value = node.info.get(key)
    return value if isinstance(value, list) else ()


def _shown_or_text(members: Sequence[Any], shown: str, node: Row, key: str, profile: Profile) -> str:
    """What a list shows, or the text in its place. As published, a list counts even if nothing of it shows."""
    return shown if shown or (members and profile is Profile.REFERENCE) else node.text(key)


def _chapter(chapter: Any) -> str:
    if not isinstance(chapter, dict):
        return chapter.strip() if isinstance(chapter, str) else ""
    number, content = _trimmed(chapter, "chapter_num"), _trimmed(chapter, "chapter_content")
    return f"{number}\n{content}" if number and content else content


def _step(step: Json) -> str:
    facts = {"Context": _trimmed(step, "context"), "Behavior": _trimmed(step, "behavior")}
    return "".join(f"\n{label}: {fact}" for label, fact in facts.items() if fact)


def _trimmed(record: Json, key: str) -> str:
    value = record.get(key)
    return "" if value is None else str(value).strip()
