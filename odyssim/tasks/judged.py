"""How a judge is shown what it judges: between markers that the text itself cannot forge."""

from __future__ import annotations

import re
from typing import Final

_MARKER: Final = re.compile(r"<(\s*/?\s*judged\s*)>", re.IGNORECASE)


def judged(text: str) -> str:
    """`text` between `<judged>` and `</judged>`; markers inside it lose their angle brackets."""
    defused = _MARKER.sub(r"(\1)", text)
    return f"<judged>\n{defused}\n</judged>"
