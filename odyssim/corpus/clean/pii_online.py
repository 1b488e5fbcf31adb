"""Who somebody is on the net: e-mail addresses, user names, and links to a person's page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_EMAIL: Final = re.compile(
    r"(?<![A-Za-z0-9À-ɏ_.+'-])[A-Za-z0-9À-ɏ_][A-Za-z0-9À-ɏ_.+'-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24}(?![A-Za-z0-9@-])"
)
_MAILBOX: Final = r"gmail|googlemail|yahoo|hotmail|outlook|live|msn|aol|icloud|gmx|proton(?:mail)?|qq"
_SPELLED_AT: Final = re.compile(rf"[ (\[]at(?:[)\]]| (?:{_MAILBOX})\b)", re.I)
_EMAIL_SPELLED: Final = re.compile(
    rf"""(?<![\w.+-])[\w+-]+(?:(?:\.|\ dot\ |\ ?[(\[]dot[)\]]\ ?)[\w+-]+){{0,3}}
    (?:\ ?[(\[]at[)\]]\ ?[\w-]+|\ at\ (?:{_MAILBOX}))
    (?:(?:\.|\ dot\ |\ ?[(\[]dot[)\]]\ ?)[a-z]{{2,6}}){{1,2}}(?![\w-])""",
    re.I | re.VERBOSE,
)

# Sites where the first part of the path is a person, unless it is one of the site's own pages.
_PAGES: Final = (
    r"(?:twitter|x|instagram|facebook|fb|soundcloud|venmo|patreon|pinterest|vk|ko-fi|snapchat)\.com"
    r"|t\.me|twitch\.tv|paypal\.me"
)
_OWN_PAGES: Final = (
    "search|home|hashtag|explore|p|reel|reels|stories|tv|groups|events|watch|marketplace|pages|help|login|share|sharer"
    "|sharer.php|intent|i|about|privacy|settings|directory|videos|photo|photos|story.php|jobs|tos|terms|legal|discover"
    "|download|blog|business|policies|pin|signup|permalink.php|media|posts|hashtags|trending|profile.php"
)
_PROFILE: Final = re.compile(
    rf"""(?<![\w@.-])
    (?:[a-z]+://[^\s/:@<>"']+:[^\s/:@<>"']+@[\w.-]+
    |(?:https?://)?(?:(?:www|m|mobile|old|[a-z]{{2}})\.)?(?:
        (?:{_PAGES})/(?!(?:{_OWN_PAGES})(?:[/?\#\s]|$))@?[\w.-]{{2,}}
        |facebook\.com/profile\.php\?id=\d+ |linkedin\.com/in/[\w%-]+ |reddit\.com/u(?:ser)?/[\w-]+
        |github\.com/(?!features|about|pricing|topics|explore|login|settings|orgs)[\w-]+/?(?![\w/.-])
        |(?:tiktok|youtube|medium|threads)\.(?:com|net)/@[\w.-]+ |youtube\.com/(?:user|c)/[\w-]+
        |steamcommunity\.com/(?:id|profiles)/[\w-]+ |open\.spotify\.com/user/[\w-]+ |venmo\.com/u/[\w-]+
        |snapchat\.com/add/[\w.-]+ |flickr\.com/(?:people|photos)/[\w@-]+ |quora\.com/profile/[\w-]+)
    |https?://(?!www\.)[\w-]+\.tumblr\.com
    |(?:https?://)?(?:[\w-]+\.)+[a-z]{{2,}}/~[\w.-]+)
    (?:[/?\#][^\s<>"')\]]*)?""",
    re.I | re.ASCII | re.VERBOSE,
)
_SENTENCE_END: Final = ".,;:!?"

_AT: Final = re.compile(r"@(?<![\w@/]@)(?<![\w@/]\.@)([A-Za-z_](?:[\w.-]*\w)?)(?![\w/@])", re.ASCII)
_REDDIT: Final = re.compile(
    r"(?:/u/(?<![\w/.]/u/)|u/(?<![\w/.]u/)(?=\w*[\d_A-Z-]|\w{5}))[\w-]{3,20}(?![\w/-])", re.ASCII
)
_DISCORD: Final = re.compile(r"(?<![\w#.@/])([A-Za-z][\w.]{1,31})#\d{4}(?![\w-])", re.ASCII)
_SAID: Final = re.compile(
    r"""\b(?:insta(?:gram)?|ig|snap(?:chat)?|twitter|tiktok|discord|telegram|kik|skype|venmo|psn|xbox|steam
        |gamer\ ?tag|user\ ?names?|screen\ ?names?|handle)\b(?:\ (?:id|name|user|account|on\ the\ account))?
    (?:\ is|'s|\ it's)?\ ?:?\ ?(?P<name>(?=[\w.-]*[\d_])[A-Za-z][\w.-]{2,28}\w)(?![\w@/])""",
    re.I | re.ASCII | re.VERBOSE,
)
# What follows an @ without being anybody: groups of listeners, masks of published sets, "at" in short, and code.
_NOBODY: Final = frozenset(
    "everyone here all channel user users usermention mention name username home work school night noon lunch dinner "
    "midnight least me him us the a an my ur your his her this that property staticmethod classmethod dataclass "
    "override param return returns throws deprecated author since see link code todo media import charset keyframes "
    "font-face supports page bean autowired component service test before after suppresswarnings nullable notnull "
    "entity id click input output interface end implementation selector pytest.fixture pytest.mark app.route".split()
)
_NUMBERED: Final = frozenset(
    "order case ticket room apt unit item id no nr number pr mr issue bug gh sku model part flight ref invoice "
    "tracking store bus route lot suite page chapter question track channel task job build figure table box locker "
    "gate".split()
)
_MASK: Final = re.compile(r"[A-Z]+_\d+")


def find_emails(text: str) -> Iterator[tuple[int, int]]:
    """E-mail addresses, also those spelled to hide from machines ("jo at gmail dot com")."""
    if "@" in text:
        yield from (match.span() for match in _EMAIL.finditer(text))
    if _SPELLED_AT.search(text):
        yield from (match.span() for match in _EMAIL_SPELLED.finditer(text))


def find_profiles(text: str) -> Iterator[tuple[int, int]]:
    """Links that name a user: pages of the large sites, home pages, and addresses with log-in data."""
    if "/" in text:
        for match in _PROFILE.finditer(text):
            yield match.start(), match.start() + len(match[0].rstrip(_SENTENCE_END))


def find_handles(text: str) -> Iterator[tuple[int, int]]:
    """User names: @name, u/name, name#1234, and names with a digit or underscore after "my insta is" and the like."""
    for match in _AT.finditer(text):
        if match[1].lower() not in _NOBODY and not _MASK.fullmatch(match[1]):
            yield match.span()
    if "u/" in text:
        yield from (match.span() for match in _REDDIT.finditer(text))
    if "#" in text:
        for match in _DISCORD.finditer(text):
            if match[1].lower() not in _NUMBERED:
                yield match.span()
    for match in _SAID.finditer(text):
        if not _MASK.fullmatch(match["name"]):
            yield match.span("name")
