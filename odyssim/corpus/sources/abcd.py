"""ABCD (Chen et al., NAACL 2021): a crowd worker plays the customer of an online clothing shop, another its agent.

Layout: `data/abcd_sample.json` is a JSON list of

    {"convo_id": 21,
     "scenario": {"personal": {"customer_name": "ada moss", "member_level": "gold", "phone": "(555) 010-2030"},
                  "order": {"order_id": "4711", "purchase_date": "2019-11-02"},
                  "product": {"names": ["acme jeans"], "amounts": [94]},
                  "flow": "product_defect", "subflow": "return_size"},
     "original": [["agent", "Hi!"], ["customer", "these are too small"], ["action", "Account has been pulled up ..."]],
     "delexed": [...]}

`action` entries log clicks of the agent and are no speech; `delexed` repeats the turns without their values. The
customer's name, numbers and address are invented, and the customer knows them before the chat. The three other files
tell the agent what the shop allows: they are counted and hold no interaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from odyssim.corpus.sources.base import ReadReport, SourceCard, SourceReader, hash_split
from odyssim.corpus.sources.files import RawFiles
from odyssim.corpus.sources.records import UpstreamRecord, count_json, json_records
from odyssim.corpus.sources.unsaid import unsaid
from odyssim.types import Axis, Interaction, SocialContext, Turn

_CONVERSATIONS = "data/abcd_sample.json"
_WITHOUT_INTERACTIONS = ("data/guidelines.json", "data/kb.json", "data/ontology.json")
_SCENARIO = "A customer writes to the service chat of an online clothing shop."
_NO_WORD = re.compile(r"[_\d]+")


class _Personal(UpstreamRecord):
    customer_name: str = ""
    member_level: str = ""
    username: str = ""
    email: str = ""
    phone: str = ""


class _Order(UpstreamRecord):
    order_id: str = ""
    purchase_date: str = ""
    payment_method: str = ""
    full_address: str = ""


class _Product(UpstreamRecord):
    names: tuple[str, ...] = ()


class _Scenario(UpstreamRecord):
    personal: _Personal
    order: _Order
    product: _Product
    flow: str
    subflow: str


class _Conversation(UpstreamRecord):
    convo_id: int
    scenario: _Scenario
    original: tuple[tuple[Literal["agent", "customer", "action"], str], ...]


class Abcd(SourceReader):
    """The customer is imitated; the agent is a person who follows a handbook."""

    card = SourceCard(
        id="abcd",
        title="ABCD: customers of an online shop and its agents",
        axes=(Axis.CONV,),
        licence="MIT",
        citation="Chen et al., NAACL 2021",
        url="https://github.com/asappresearch/abcd",
        files=(_CONVERSATIONS, *_WITHOUT_INTERACTIONS),
        human="Both are crowd workers; the agent follows the shop's handbook, only the customer speaks freely.",
        columns=("convo_id", "scenario", "original"),
        rows_upstream=10_042,
        imitated=("customer",),
        interactions=3,
    )

    def read(self, files: RawFiles, report: ReadReport) -> Iterator[Interaction]:
        for file in files.match(*_WITHOUT_INTERACTIONS):
            count_json(file, report)
        for place, conversation in json_records(files.one(_CONVERSATIONS), _Conversation, report):
            turns = [
                Turn(speaker=speaker, text=text.strip(), human=True, train=speaker == "customer")
                for speaker, text in conversation.original
                if speaker != "action"
            ]
            original_id = str(conversation.convo_id)
            yield from self.emit(
                turns,
                _context(conversation.scenario, turns),
                report,
                axis=Axis.CONV,
                split=hash_split(original_id),
                original_id=original_id,
                place=place,
            )


def _context(scenario: _Scenario, turns: Sequence[Turn]) -> SocialContext:
    personal, order = scenario.personal, scenario.order
    facts = {
        "name": personal.customer_name.title(),
        "membership": personal.member_level,
        "user name": personal.username,
        "e-mail": personal.email,
        "phone": personal.phone,
        "address": " ".join(order.full_address.split()),
        "bought": ", ".join(scenario.product.names).replace("_", " "),
        "date of purchase": order.purchase_date,
        "order id": order.order_id,
        "paid by": order.payment_method,
    }
    concern = f"Your concern: {_words(scenario.flow)}, {_words(scenario.subflow)}."
    known = unsaid((f"{what}: {fact}" for what, fact in facts.items() if fact), turns, "customer", beside=concern)
    return SocialContext(
        scenario=_SCENARIO,
        relationship="Customer and service agent.",
        profiles={"customer": "; ".join(known)},
        goals={"customer": concern},
    )


def _words(label: str) -> str:
    return " ".join(_NO_WORD.sub(" ", label).split())
