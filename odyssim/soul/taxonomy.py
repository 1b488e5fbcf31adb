"""What SOUL is made of: five axes, the 23 tasks of the index, and the 62 datasets of the published corpus by axis.

Tables show axes and tasks in the order of this file. The tasks' axes are the published ones. Of the datasets only the
number is published: a dataset of the origin of a task goes where the task is, every other place is our judgement.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from odyssim.errors import UnknownName
from odyssim.tasks.registry import task_names
from odyssim.types import Axis, Record

DEFINITIONS: Final[dict[Axis, str]] = {
    Axis.CONV: "Conversation: talking as people talk, to assistants, strangers and each other.",
    Axis.SS: "Social skill: reaching one's own goals with others who have theirs.",
    Axis.COG: "Social cognition: knowing what others know, believe, want and feel.",
    Axis.ROLE: "Role play: speaking, deciding and erring as one particular person or character.",
    Axis.EVAL: "Evaluation: judging, choosing and preferring as people do.",
}

INDEX_TASKS: Final[dict[Axis, tuple[str, ...]]] = {
    Axis.CONV: ("userllm", "mirrorbench", "sim_arena_doc", "humanual-chat"),
    Axis.SS: ("sotopia",),
    Axis.COG: ("fantom", "hitom", "paratomi", "social_r1"),
    Axis.ROLE: (
        "lifechoices",
        "twinvoice",
        "behavior_chain",
        "mistakes",
        "coser",
        "humanual-email",
        "humanual-news",
        "humanual-politics",
        "sim_arena_math",
    ),
    Axis.EVAL: ("alignx", "humanllm", "socsci210", "humanual-book", "humanual-opinion"),
}


class Placement(Record):
    """The axis of a dataset and why. `task`: the task of the same origin whose axis it shares; none: our judgement."""

    axis: Axis
    reason: str
    task: str | None = None


_SAME_ORIGIN: Final = {
    "coser_shakespeare": "coser",
    "alignx": "alignx",
    "socsci210": "socsci210",
    "human_llm": "humanllm",
    "tom_fantom": "fantom",
    "tom_hitom": "hitom",
    "tom_paratomi": "paratomi",
    "soc_sotopia_pi_bc": "sotopia",
    "humanual_chat": "humanual-chat",
    "humanual_email": "humanual-email",
    "humanual_news": "humanual-news",
    "humanual_politics": "humanual-politics",
    "humanual_book": "humanual-book",
    "humanual_opinion": "humanual-opinion",
}

_BY_REASON: Final[dict[Axis, dict[str, tuple[str, ...]]]] = {
    Axis.CONV: {
        "people talk to an assistant": ("wildchat", "lmsys", "prism", "oasst1", "oasst2", "studychat"),
        "teacher and student talk": ("mathdial", "education_dialogue"),
        "everyday talk, without a goal that the other must be won over to": (
            "empathetic_dialogues",
            "esconv",
            "dailydialog",
            "cornell_movie",
            "switchboard",
            "convokit_small-pool",
        ),
        "threads of a public forum": (
            "convokit_IDEA-NTHU-unintended-offense-tweets",
            "convokit_reddit-coarse-discourse-corpus",
            "convokit_reddit-corpus-small",
            "convokit_conversations-gone-awry-cmv-corpus",
            "convokit_conversations-gone-awry-cmv-corpus-large",
        ),
        "people talk while they work on something together": (
            "convokit_chromium-corpus",
            "convokit_conversations-gone-awry-corpus",
            "convokit_wiki-corpus",
            "convokit_wikiconv-2018",
        ),
        "interviews, hearings and debates on the record": (
            "supreme_court",
            "convokit_mediasum-corpus",
            "convokit_npr-2p-corpus",
            "convokit_parliament-corpus",
            "convokit_tennis-corpus",
        ),
    },
    Axis.SS: {
        "everybody bargains for their own share": ("casino",),
        "one side wants to persuade the other": ("persuasionforgood", "convokit_winning-args-corpus"),
        "characters with private goals act on each other": (
            "soc_haico",
            "soc_persona_conflicts",
            "soc_cornell",
            "soc_sotopia_tom_silver",
        ),
    },
    Axis.COG: {
        "questions about what somebody knows, believes or wants": (
            "tom_mmtom",
            "tom_tominli",
            "tom_mindgames",
            "tom_grimulkan",
            "tom_from_coser",
        ),
        "questions about why people act, and how others take it": ("tom_socialiqa", "tom_moralstories"),
        "people decide under uncertainty in experiments on cognition": ("psych101",),
    },
    Axis.ROLE: {
        "lines of characters of fiction and history": ("convokit_friends-corpus", "tom_characterllm"),
    },
    Axis.EVAL: {
        "answers are ranked by preference": ("hh_rlhf", "nectar"),
        "people judge what is put before them": ("convokit_wiki-articles-for-deletion-corpus",),
    },
}


def _placements() -> dict[str, Placement]:
    axis_of = {task: axis for axis, tasks in INDEX_TASKS.items() for task in tasks}
    placed = {
        name: Placement(axis=axis, reason=reason)
        for axis, reasons in _BY_REASON.items()
        for reason, names in reasons.items()
        for name in names
    }
    for name, task in _SAME_ORIGIN.items():
        placed[name] = Placement(axis=axis_of[task], reason=f"of the same origin as the task {task}", task=task)
    return {name: place for axis in Axis for name, place in placed.items() if place.axis is axis}


DATASETS: Final = _placements()
"""The 62 datasets by their ids in the catalogue, axis by axis."""

ALL: Final = "all"


def chosen_tasks(names: Iterable[str]) -> dict[str, bool]:
    """Task names, each once, and whether it was asked for by its own name.

    The name of an axis (in any case) stands for its tasks of the index, 'all' for those of every axis. Raises
    `UnknownName` for what is none of these.
    """
    known = task_names()
    groups = {axis.value.lower(): tasks for axis, tasks in INDEX_TASKS.items()}
    groups[ALL] = tuple(task for tasks in INDEX_TASKS.values() for task in tasks)
    chosen: dict[str, bool] = {}
    for name in (name.strip() for name in names):
        if name.lower() in groups:
            for task in groups[name.lower()]:
                chosen.setdefault(task, False)
        elif name in known:
            chosen[name] = True
        else:
            raise UnknownName("task or axis", name, [*groups, *known], hint="odyssim tasks list")
    return chosen
