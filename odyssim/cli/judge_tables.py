"""What `odyssim judge` prints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from odyssim.cli.tables import plain_table, text_row
from odyssim.report.shown import NONE, dollars, duration, gap_interval, number, percent, percent_interval

if TYPE_CHECKING:
    from odyssim.models.discriminator import DiscriminatorCard
    from odyssim.soul.interval import Interval
    from odyssim.soul.judges.check import CheckPlan
    from odyssim.soul.judges.result import JudgeCheck
    from odyssim.soul.judges.several import JudgeAgreement


def plans_table(plans: Iterable[CheckPlan]) -> Table:
    """What checking each judge will take."""
    table = plain_table("Judge", "Calls >", "Prompt tokens >", "Answer tokens >", "About >")
    for plan in plans:
        tokens = number(plan.prompt_tokens), number(plan.completion_tokens)
        text_row(table, plan.judge, number(plan.calls), *tokens, dollars(plan.usd))
    return table


def checks_table(checks: Iterable[JudgeCheck], agreement: JudgeAgreement | None) -> RenderableType:
    """Every judge, what counts against it, and how far several judges agree."""
    parts: list[RenderableType] = []
    for check in checks:
        parts += [Text(check.judge, style="bold"), _measures(check), *_verdict(check)]
    if agreement is not None:
        alphas = f"{number(agreement.scores)} of scores (interval), {number(agreement.choices)} of choices (nominal)"
        parts.append(Text(f"Krippendorff's alpha of the {len(agreement.judges)} judges: {alphas}"))
    return Group(*parts)


def card_table(card: DiscriminatorCard) -> RenderableType:
    """A trained discriminator: what it is, how well it tells the sides apart, and whether its numbers mean it."""
    held = card.held_out
    table = plain_table("Said on average >", "People >", "Turns >")
    for each in held.reliability:
        text_row(table, percent(each.mean), percent(each.share), str(each.n))
    auc = f"AUC {number(held.auc)}{gap_interval(held.auc_interval)}"
    return Group(
        Text(card.about),
        Text(f"Trained on {number(card.turns)} turns of {number(card.dialogues)} dialogues, half of them people's."),
        Text(f"On {number(held.turns)} turns of {number(held.dialogues)} other dialogues: {auc}", style="bold"),
        Text(f"Expected calibration error {number(held.ece)}, log loss {number(held.log_loss)}:"),
        table,
        Text("Style that counts most: " + ", ".join(f"{name} {number(w, sign=True)}" for name, w in card.style)),
    )


def _measures(check: JudgeCheck) -> Table:
    table = plain_table("Measure", "Value >", "95 % interval", "Good judges")
    tau, flipped = _range(check.tau_interval), percent_interval(check.flipped_interval).strip() or NONE
    text_row(table, "rank agreement with the known order (tau)", number(check.tau), tau, "1")
    for kind, value in check.tau_by_kind.items():
        text_row(table, f"  {kind}", number(value), "", "", style="dim")
    for grades, share in check.right_order.items():
        text_row(table, f"  {grades}", percent(share), "", "", style="dim")
    for hack, share in check.seen_through.items():
        text_row(table, f"put below the others: {hack}", percent(share), "", percent(1.0))
    text_row(table, "pairs decided rightly", percent(check.pairs_right), "", percent(1.0))
    text_row(table, "choices that change with the order", percent(check.flipped), flipped, percent(0.0))
    text_row(table, "choices of the first place", percent(check.first_place), "", percent(0.5))
    text_row(table, "length at equal quality (correlation)", number(check.length), _range(check.length_interval), "0")
    if check.spread is not None:
        text_row(table, f"spread over {check.samples} samples (points of 10)", number(check.spread), "", "")
    text_row(table, "questions that failed", percent(check.failure_rate), "", percent(0.0))
    return table


def _verdict(check: JudgeCheck) -> Iterable[Text]:
    for count in check.failures:
        hint = f" → {count.hint}" if count.hint else ""
        yield Text(f"{count.n} x {count.kind}: {count.example}{hint}", style="red")
    for concern in check.concerns:
        yield Text(f"• {concern}", style="yellow")
    if not check.concerns:
        yield Text("Nothing counts against this judge.", style="green")
    cost = check.cost
    tokens = f"{number(cost.prompt_tokens)} + {number(cost.completion_tokens)} tokens"
    asked = f"{cost.calls} calls, {check.asked_again} answers asked for again"
    yield Text(f"{asked}, {tokens}, {dollars(cost.usd)}, {duration(check.wall_s)}", style="dim")


def _range(interval: Interval | None) -> str:
    return NONE if interval is None else f"[{number(interval.low, sign=True)}, {number(interval.high, sign=True)}]"
