r"""Reading a JSON value out of a reply that may hold more than that, as the published tasks do it.

    He nods. {"action_type": "speak", "argument": "Fine."} 7        {"action_type": "speak", "argument": "Fine."}
    [1, 2] and [3, 4]                                               [1, 2]
    Fine.                                                           None

Of several values the longest counts, an object inside a broken one included; this is why `improved` does not read
verdicts this way (`odyssim.models.judge`).
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_DECODER: Final = json.JSONDecoder()
# A nesting, or a number, beyond what Python reads is not a value either.
_UNREADABLE: Final = (ValueError, RecursionError)


def lenient_json(text: str) -> Any | None:
    r"""The whole text as a JSON value, else the longest value that stands anywhere in it, the earliest of equals.

    None if there is none, or only an empty, zero, false or null one. A line break between two double quotes is read
    as a backslash and the letter n. Length is that of the value written by `json.dumps`.
    """
    text = _QUOTED.sub(lambda quoted: quoted.group().replace("\n", r"\\n"), text)
    try:
        found = json.loads(text)
    except _UNREADABLE:
        found = _longest_value(text)
    return found or None


def _longest_value(text: str) -> Any | None:
    longest, length, position = None, 0, 0
    while position < len(text):
        try:
            value, end = _DECODER.raw_decode(text, position)
            size = len(json.dumps(value))
        except _UNREADABLE:
            position += 1
            continue
        position = end
        if size > length:
            longest, length = value, size
    return longest
