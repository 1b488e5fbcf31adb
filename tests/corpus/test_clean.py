"""Cleaning a conversation: what storage broke is repaired, what people do stays, and every reject has its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odyssim.corpus.clean.clean import clean
from odyssim.corpus.clean.language import language_of
from odyssim.corpus.clean.quality import REASONS, TOO_LONG
from odyssim.corpus.clean.rules import CleanRules, PiiRules
from odyssim.corpus.clean.safety import safety_tags
from odyssim.corpus.clean.text import repair
from odyssim.types import Axis, Interaction, SocialContext, Source, Turn


def chat(
    *texts: str, context: SocialContext | None = None, language: str = "en", tags: tuple[str, ...] = ()
) -> Interaction:
    """Ana (a person, imitated) and a bot in turn."""
    return Interaction(
        turns=tuple(
            Turn(speaker=("Ana", "bot")[number % 2], text=text, human=number % 2 == 0, train=number % 2 == 0)
            for number, text in enumerate(texts)
        ),
        context=context,
        source=Source(dataset="chats", licence="CC0-1.0", split="train", original_id="7"),
        axis=Axis.CONV,
        language=language,
        tags=tags,
    )


# --- text -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("itâ€™s at the cafÃ©", "it’s at the café"),
        ("I donâ\x80\x99t", "I don’t"),
        ("you &amp; me &lt;3", "you & me <3"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("\ufeffhi\x00 the\x07re", "hi there"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("e\u0301t\u00e9", "été"),
        ("\ud83d\ude00", "😀"),
        ("end.\n\n\u200b\n\nNext", "end.\n\n\n\nNext"),
        ("\u200b", ""),
        ("lost \ud800 for good", "lost \N{REPLACEMENT CHARACTER} for good"),
    ],
)
def test_what_storage_broke_is_repaired(broken: str, repaired: str) -> None:
    assert repair(broken) == repaired


@pytest.mark.parametrize(
    "typed",
    [
        "soooo   GOOD!!!1  teh best  ",
        "“curly” ’tis — fine…",
        "🤷\u200d♀️ 👨\u200d👩\u200d👧 ❤️ 👍🏽",
        "Ｆｕｌｌ width ﾊﾝｶｸ",
        "ಠ_ಠ ¯\\_(ツ)_/¯ ( ͡° ͜ʖ ͡°)",
        "AT&T, R&D, <b>&amp;</b>",
        "x² ½ ™ ﬁne",
        "a\tb\n\n\n  c",
        "ភាសា\u200bខ្មែរ",
    ],
)
def test_what_people_type_stays(typed: str) -> None:
    assert repair(typed) == typed


@given(st.text(alphabet=st.characters(max_codepoint=0x7E, min_codepoint=0x20, exclude_characters="&")))
def test_plain_text_is_never_touched(text: str) -> None:
    assert repair(text) == text


# --- language ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["hey, what are you up to tonight?"], "en"),
        (["hey", "was machst du", "heute abend noch so"], "de"),
        (["je sais pas trop quoi en penser"], "fr"),
        (["你今天晚上打算做什么呀"], "zh"),
        (["なんで動かないのか全然わからない"], "ja"),
        (["не понимаю почему это не работает"], "ru"),
        (["ok"], ""),
        (["12345 67890 !!! 🎉🎉🎉", "https://example.com/how-are-you-today"], ""),
        ([], ""),
    ],
)
def test_language_of_the_turns_together(texts: list[str], language: str) -> None:
    assert language_of(texts) == language


def test_a_language_that_is_known_is_not_guessed() -> None:
    assert clean(chat("guten abend, was machst du heute noch so", language="en")).interaction.language == "en"
    assert clean(chat("guten abend, was machst du heute noch so", language="")).interaction.language == "de"


# --- quality ----------------------------------------------------------------------------------------------------

LOOP = "please choose one of the options that you see above now"


@pytest.mark.parametrize(
    ("interaction", "reason"),
    [
        (chat("\x00", "hello"), "nothing left to imitate"),
        (chat("?!", "what?", "...", "what?"), "no words on the human side"),
        (chat(*[LOOP, "ok"] * 11), "one turn on loop"),
        (chat("caf\ufffd\ufffd au lait s'il vous pla\ufffdt"), "text lost in decoding"),
        (chat("+--+--+" * 20 + "hi"), "mostly not text"),
        (chat("a" * 100_001), TOO_LONG),
    ],
)
def test_a_reject_says_why(interaction: Interaction, reason: str) -> None:
    assert clean(interaction).reason == reason
    assert reason in {TOO_LONG, *REASONS}


@pytest.mark.parametrize(
    "interaction",
    [
        chat("ok"),
        chat("k"),
        chat("😂😂😂"),
        chat("❤️"),
        chat("7"),
        chat("好"),
        chat("!!!!!!! omg", "?"),
        chat(*["yeah", "mhm"] * 5_000),
        chat(*["Neither agree nor disagree", "next"] * 40),
        chat("hi", *[LOOP, "no"] * 30),  # the bot loops, not the person
        chat("one \ufffd in a sentence that is long enough to be understood without it"),
        chat("def f(x):\n    return {k: v for k, v in x.items() if v != 0}  # why [not]?"),
    ],
)
def test_real_talk_is_kept(interaction: Interaction) -> None:
    assert clean(interaction).reason is None


def test_thresholds_are_settings() -> None:
    assert clean(chat("four"), CleanRules(max_turn_chars=3)).reason == TOO_LONG
    assert clean(chat(LOOP, "ok", LOOP), CleanRules(max_repeats=1)).reason == "one turn on loop"
    assert clean(chat("-- a --"), CleanRules(text_share_from=1)).reason == "mostly not text"
    assert clean(chat("\ufffd" + "a" * 99), CleanRules(max_lost_share=0.005)).reason == "text lost in decoding"


# --- safety -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "tags"),
    [
        (["I want to die"], ["self_harm"]),
        (["He was SUICIDAL after the murders,"], ["self_harm", "violence"]),
        (["they sold", "heroin and nudes"], ["sexual", "drugs"]),
        (["I'm dying of laughter, you killed it, what a sextet!"], []),
        (["I want", "to die"], []),
        (["pulling weeds, then a methodical clean-up"], []),
    ],
)
def test_subjects_are_noted(texts: list[str], tags: list[str]) -> None:
    assert safety_tags(texts) == [f"safety:mentions_{tag}" for tag in tags]


# --- all of it --------------------------------------------------------------------------------------------------


def test_clean_repairs_tags_and_scrubs_turns_speakers_and_context() -> None:
    context = SocialContext(
        scenario="Ana (ana@example.org) canâ€™t log in.",
        profiles={"Ana": "calls from 202-555-0147", "bot": ""},
        goals={"Ana": "a new password for ana@example.org"},
    )
    dirty = chat(
        "hi, it&#39;s ana@example.org, call 202-555-0147",
        "\x00",
        "i could kill myself, it is 202 555-0199 now",
        context=context,
        language="",
        tags=("safety:toxic",),
    )
    cleaned = clean(dirty, CleanRules(pii=PiiRules(names=("Ana",))))
    result = cleaned.interaction
    assert [turn.text for turn in result.turns] == [
        "hi, it's [email], call [phone number 1]",
        "i could kill myself, it is [phone number 2] now",
    ]
    assert [turn.speaker for turn in result.turns] == ["[name]", "[name]"]
    assert result.context == SocialContext(
        scenario="[name] ([email]) can’t log in.",
        profiles={"[name]": "calls from [phone number 1]", "bot": ""},
        goals={"[name]": "a new password for [email]"},
    )
    assert result.language == "en"
    assert result.tags == ("safety:toxic", "safety:mentions_self_harm", "pii:email", "pii:name", "pii:phone")
    assert (result.source, result.axis) == (dirty.source, dirty.axis)
    assert cleaned.reason is None
    assert cleaned.counts == {
        "repaired_turns": 2,
        "emptied_turns": 1,
        "pii:email": 3,
        "pii:phone": 3,
        "pii:name": 2,
    }


def test_clean_text_passes_as_it_is() -> None:
    tidy = chat("did u see that?? 😂", "no", context=SocialContext(scenario="A bus stop."))
    cleaned = clean(tidy)
    assert cleaned.interaction == tidy
    assert (cleaned.reason, cleaned.counts) == (None, {})


def test_cleaning_twice_changes_nothing() -> None:
    once = clean(chat("mail jo@example.org or al@example.org &amp; wait", "\r\n", "ok\r\n")).interaction
    assert clean(once).interaction == once


def test_rejects_hold_no_personal_data_and_no_giant() -> None:
    giant = chat("mail jo@example.org " + "x" * 200_000, "ok")
    cleaned = clean(giant)
    assert cleaned.reason == TOO_LONG
    assert cleaned.interaction.turns[0].text.startswith("mail [email] xxx")
    assert len(cleaned.interaction.turns[0].text) < 100_000
