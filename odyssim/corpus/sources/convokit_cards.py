"""The ConvoKit corpora of the published mixture, each with its card and the scene of its conversations.

Metadata fields as documented at https://convokit.cornell.edu. Accounts of forums are called by neutral nouns; names
stay where they are those of characters or of people speaking in public office or on air.
"""

from __future__ import annotations

from typing import Final

from odyssim.corpus.roles import RoleFamily
from odyssim.corpus.sources.base import SourceCard
from odyssim.corpus.sources.convokit import ConvoKit
from odyssim.corpus.sources.convokit_scene import Scene
from odyssim.types import Axis

_COLUMNS: Final = ("id", "speaker", "conversation_id", "reply_to", "text")
_TALK_PAGE: Final = Scene(
    setting="A discussion among editors of Wikipedia.",
    facts=("The page: {page_title}.", "The section: {heading}."),
    people="Editor",
    split_field="split",
)
_CHANGE_MY_VIEW: Final = Scene(people="User", split_field="split")
_REDDIT: Final = Scene(
    setting="A thread on Reddit.", facts=("The forum: r/{subreddit}.", 'Its title: "{title}".'), people="User"
)


def _corpus(
    name: str,
    title: str,
    scene: Scene,
    *,
    citation: str,
    human: str,
    conversations: int | None,
    axis: Axis = Axis.CONV,
    licence: str = "unknown",
    page: str = "datasets",
    url: str = "",
) -> ConvoKit:
    card = SourceCard(
        id=f"convokit_{name}",
        title=title,
        axes=(axis,),
        licence=licence,
        citation=f"{citation}; Chang et al., SIGDIAL 2020, arXiv:2005.04246",
        url=url or f"https://convokit.cornell.edu/documentation/{page}.html",
        human=human,
        role_rule=RoleFamily.SWAP,
        columns=_COLUMNS,
        rows_upstream=conversations,
        in_paper=True,
    )
    return ConvoKit(card, scene)


READERS: Final = (
    _corpus(
        "IDEA-NTHU-unintended-offense-tweets",
        "Unintended Offense: tweets whose authors meant no harm",
        Scene(people="User"),
        citation="Tsai et al., EMNLP 2024",
        human="All are Twitter users.",
        conversations=4_014,
        url="https://github.com/IDEA-NTHU-Taiwan/unintended-offense-tweets",
    ),
    _corpus(
        "chromium-corpus",
        "Chromium: developers review each other's code",
        Scene(
            setting="A code review in the Chromium project.",
            facts=("The file under review: {file_path}.",),
            people="Developer",
        ),
        citation="Meyers et al., ACL 2018",
        human="All are developers.",
        conversations=1_484_843,
        licence="CC-BY-4.0",
        page="chromium",
    ),
    _corpus(
        "conversations-gone-awry-corpus",
        "Conversations Gone Awry: Wikipedia editors who may lose their temper",
        _TALK_PAGE,
        citation="Zhang et al., ACL 2018, arXiv:1805.05345; Chang and Danescu-Niculescu-Mizil, EMNLP 2019",
        human="All are Wikipedia editors. Attacks are tagged, never told beforehand.",
        conversations=4_188,
        page="awry",
    ),
    _corpus(
        "conversations-gone-awry-cmv-corpus",
        "Conversations Gone Awry: ChangeMyView",
        _CHANGE_MY_VIEW,
        citation="Chang and Danescu-Niculescu-Mizil, EMNLP 2019, arXiv:1909.01362",
        human="All are Reddit users.",
        conversations=None,
        page="awry_cmv",
    ),
    _corpus(
        "conversations-gone-awry-cmv-corpus-large",
        "Conversations Gone Awry: ChangeMyView, up to 2022",
        _CHANGE_MY_VIEW,
        citation="Chang and Danescu-Niculescu-Mizil, EMNLP 2019, arXiv:1909.01362; Hua et al., NAACL 2024",
        human="All are Reddit users.",
        conversations=19_578,
        page="awry_cmv_large",
    ),
    _corpus(
        "friends-corpus",
        "Friends: all scenes of the sitcom",
        Scene(
            setting="A scene of the sitcom Friends.",
            facts=("The episode: {season}{episode}.",),
            name_field="id",
            roles={"TRANSCRIPT_NOTE": ""},
        ),
        citation="Chen and Choi, SIGDIAL 2016",
        human="All are characters, whose lines were written by screenwriters.",
        conversations=3_107,
        axis=Axis.ROLE,
        licence="Apache-2.0",
        page="friends",
    ),
    _corpus(
        "mediasum-corpus",
        "MediaSum: interviews on CNN and NPR",
        Scene(
            setting="An interview on air.",
            facts=("The programme: {program} ({broadcaster}).", "The topic: {title}."),
            name_field="id",
        ),
        citation="Zhu et al., NAACL 2021, arXiv:2103.06410",
        human="All are hosts, correspondents and guests, transcribed. For research only, say its makers.",
        conversations=463_596,
        page="mediasum",
    ),
    _corpus(
        "npr-2p-corpus",
        "NPR interviews of a host with a guest",
        Scene(
            setting="A radio interview on NPR.",
            facts=("The programme: {program}.", "The topic: {title}."),
            name_field="type",
        ),
        citation="Majumder et al., EMNLP 2020, arXiv:2004.03090",
        human="Both are people, transcribed.",
        conversations=22_149,
        page="npr-2p",
    ),
    _corpus(
        "parliament-corpus",
        "Question time in the British House of Commons, 1979 to 2016",
        Scene(people="Member", name_field="name"),
        citation="Zhang et al., EMNLP 2017, arXiv:1708.02254",
        human="All are members of parliament, on the record.",
        conversations=216_894,
        page="parliament",
    ),
    _corpus(
        "reddit-coarse-discourse-corpus",
        "Coarse Discourse: Reddit threads",
        _REDDIT,
        citation="Zhang et al., ICWSM 2017",
        human="All are Reddit users.",
        conversations=9_483,
        licence="CC-BY-4.0",
        page="coarseDiscourse",
    ),
    _corpus(
        "reddit-corpus-small",
        "Reddit: 100 threads from each of 100 forums",
        _REDDIT,
        citation="Chang et al., SIGDIAL 2020",
        human="All are Reddit users.",
        conversations=8_286,
        page="reddit-small",
    ),
    _corpus(
        "small-pool",
        "A pool of small ConvoKit corpora; which ones is not documented",
        Scene(),
        citation="none: its contents are not documented",
        human="All speakers of whatever ConvoKit folders lie below it; give it corpora of people only.",
        conversations=None,
    ),
    _corpus(
        "tennis-corpus",
        "Press conferences after tennis matches",
        Scene(
            setting="A press conference after a match.",
            # Both sides know how the match ended before the first question.
            facts=("The tournament: {tournament}.", "The round: {stage}.", "The player has just {result}."),
            wording={"result": {"1": "won", "0": "lost"}},
            people="Player",
            roles={"REPORTER": "Reporter"},
        ),
        citation="Fu et al., IJCAI workshop on NLP meets Journalism 2016, arXiv:1607.03895",
        human="The player and the reporters, who count as one speaker.",
        conversations=81_974,
        page="tennis",
    ),
    _corpus(
        "wiki-articles-for-deletion-corpus",
        "Articles for Deletion: Wikipedia editors judge whether an article stays",
        Scene(people="Editor"),
        citation="Mayfield and Black, CSCW 2019",
        human="All are Wikipedia editors.",
        conversations=383_918,
        axis=Axis.EVAL,
        licence="GPL-3.0-only",
        page="wiki-articles-for-deletion-corpus",
    ),
    _corpus(
        "wiki-corpus",
        "Wikipedia talk pages",
        _TALK_PAGE,
        citation="Danescu-Niculescu-Mizil et al., WWW 2012, arXiv:1112.3670",
        human="All are Wikipedia editors.",
        conversations=125_292,
        licence="CC-BY-4.0",
        page="wiki",
    ),
    _corpus(
        "wikiconv-2018",
        "WikiConv: Wikipedia talk pages of 2018",
        _TALK_PAGE,
        citation="Hua et al., EMNLP 2018, arXiv:1810.13181",
        human="All are Wikipedia editors.",
        conversations=None,
        licence="CC-BY-SA-3.0",
        page="wikiconv",
    ),
    _corpus(
        "winning-args-corpus",
        "Winning Arguments: threads of ChangeMyView",
        Scene(
            setting="A thread in the forum ChangeMyView: one states a view, the others try to change it.",
            facts=('Its title: "{op-title}".',),
            people="User",
            roles={"[missing]": ""},
            split_field="train",
        ),
        citation="Tan et al., WWW 2016, arXiv:1602.01103",
        human="All are Reddit users. Who won is never told.",
        conversations=3_051,
        axis=Axis.SS,
        page="winning",
    ),
)
