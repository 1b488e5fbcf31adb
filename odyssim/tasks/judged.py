"""How a judge is shown what it judges, and what it judges by: between markers that no text can forge."""

from __future__ import annotations

import re
from typing import Final

_MARKER: Final = re.compile(r"<(\s*/?\s*(?:judged|shown)\s*)>", re.IGNORECASE)


def judged(text: str) -> str:
    """`text` between `<judged>` and `</judged>`; markers inside it lose their angle brackets."""
    return _between("judged", text)


def shown(text: str) -> str:
    """As `judged`, between `<shown>` and `</shown>`: what the judge is to know, such as what a person really said."""
    return _between("shown", text)


def _between(tag: str, text: str) -> str:
    defused = _MARKER.sub(r"(\1)", text)
    return f"<{tag}>\n{defused}\n</{tag}>"
