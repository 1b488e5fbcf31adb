"""Task names. Built-in tasks are listed here; a plugin adds one through the entry-point group `odyssim.tasks`."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from odyssim.errors import UnknownName
from odyssim.tasks.base import Task

_BUILT_IN = {
    "userllm": ("odyssim.tasks.userllm", "UserLLM"),
    "mirrorbench": ("odyssim.tasks.mirrorbench", "MirrorBench"),
    "fantom": ("odyssim.tasks.fantom", "Fantom"),
    "hitom": ("odyssim.tasks.hitom", "HiToM"),
    "paratomi": ("odyssim.tasks.paratomi", "ParaToMi"),
    "social_r1": ("odyssim.tasks.social_r1", "SocialR1"),
    "lifechoices": ("odyssim.tasks.lifechoices", "LifeChoices"),
    "twinvoice": ("odyssim.tasks.twinvoice", "TwinVoice"),
    "behavior_chain": ("odyssim.tasks.behavior_chain", "BehaviorChain"),
    "mistakes": ("odyssim.tasks.mistakes", "Mistakes"),
    "coser": ("odyssim.tasks.coser", "CoSER"),
    "alignx": ("odyssim.tasks.alignx", "AlignX"),
    "humanllm": ("odyssim.tasks.humanllm", "HumanLLM"),
    "socsci210": ("odyssim.tasks.socsci210", "SocSci210"),
    "sotopia": ("odyssim.tasks.sotopia", "Sotopia"),
    "humanual-chat": ("odyssim.tasks.humanual", "HumanualChat"),
    "humanual-email": ("odyssim.tasks.humanual", "HumanualEmail"),
    "humanual-news": ("odyssim.tasks.humanual", "HumanualNews"),
    "humanual-politics": ("odyssim.tasks.humanual", "HumanualPolitics"),
    "humanual-book": ("odyssim.tasks.humanual", "HumanualBook"),
    "humanual-opinion": ("odyssim.tasks.humanual", "HumanualOpinion"),
    "reward_bench": ("odyssim.tasks.reward_bench", "RewardBench"),
    "rewardbench2": ("odyssim.tasks.reward_bench", "RewardBench2"),
    "rolermbench": ("odyssim.tasks.rolermbench", "RoleRMBench"),
    "rm_r1": ("odyssim.tasks.rm_r1", "RMR1"),
    "mmtom": ("odyssim.tasks.mmtom", "MMToM"),
    "tombench": ("odyssim.tasks.tombench", "ToMBench"),
    "sim_arena_doc": ("odyssim.tasks.sim_arena_doc", "SimArenaDoc"),
    "sim_arena_math": ("odyssim.tasks.sim_arena_math", "SimArenaMath"),
}
GROUP = "odyssim.tasks"


def task_names() -> list[str]:
    """All known task names, built-in first, plugins after."""
    plugins = sorted(entry.name for entry in entry_points(group=GROUP) if entry.name not in _BUILT_IN)
    return [*_BUILT_IN, *plugins]


def get_task(name: str) -> Task[Any]:
    """The task called `name`; `UnknownName` otherwise, never a default."""
    if name in _BUILT_IN:
        module, attribute = _BUILT_IN[name]
        task: Task[Any] = getattr(import_module(module), attribute)()
        return task
    for entry in entry_points(group=GROUP):
        if entry.name == name:
            plugin: Task[Any] = entry.load()()
            return plugin
    raise UnknownName("task", name, task_names(), hint="odyssim tasks list")


def routing_keys() -> list[str]:
    """Every `data_source` that some task reads."""
    files = (getattr(get_task(name), "published", None) for name in task_names())
    return sorted({key for found in files if found is not None for key in found.keys})
