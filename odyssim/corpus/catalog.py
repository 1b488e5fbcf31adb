"""The catalogue: every source of interactions by name."""

from __future__ import annotations

from pathlib import Path

from odyssim.corpus.published import PublishedCorpus
from odyssim.corpus.sources.abcd import Abcd
from odyssim.corpus.sources.base import SourceReader
from odyssim.corpus.sources.bigtom import BigToM, BigToMConditions
from odyssim.corpus.sources.casino import Casino
from odyssim.corpus.sources.cima import Cima
from odyssim.corpus.sources.context_writing import ContextWriting
from odyssim.corpus.sources.coser_shakespeare import CoserShakespeare
from odyssim.corpus.sources.crd3 import Crd3
from odyssim.corpus.sources.crosswoz import CrossWoz
from odyssim.corpus.sources.deal_or_no_deal import DealOrNoDeal
from odyssim.corpus.sources.dialogsum import DialogSum
from odyssim.corpus.sources.dialop import DialOp
from odyssim.corpus.sources.elsewhere import READERS as ELSEWHERE
from odyssim.corpus.sources.empathetic_dialogues import EmpatheticDialogues
from odyssim.corpus.sources.esconv import EsConv
from odyssim.corpus.sources.ethics import Ethics
from odyssim.corpus.sources.goemotions import GoEmotions
from odyssim.corpus.sources.hh_rlhf import HhRlhf
from odyssim.corpus.sources.hub import HubReader
from odyssim.corpus.sources.interactions import InteractionFile
from odyssim.corpus.sources.mathdial import MathDial
from odyssim.corpus.sources.meld_emorynlp import MeldEmoryNlp
from odyssim.corpus.sources.multidogo import MultiDoGo
from odyssim.corpus.sources.oasst_export_sample import OasstExportSample
from odyssim.corpus.sources.opentom import OpenToM
from odyssim.corpus.sources.persuasionforgood import PersuasionForGood
from odyssim.corpus.sources.qmsum import QmSum
from odyssim.corpus.sources.sgd import Sgd
from odyssim.corpus.sources.simulatedtom_human import SimulatedToMHuman
from odyssim.corpus.sources.star import Star
from odyssim.corpus.sources.supreme_court import SupremeCourt
from odyssim.corpus.sources.switchboard import Switchboard
from odyssim.corpus.sources.synthetic_persona_chat import SyntheticPersonaChat
from odyssim.corpus.sources.taskmaster import Taskmaster
from odyssim.corpus.sources.tomi import ToMi
from odyssim.corpus.sources.topical_chat import TopicalChat
from odyssim.corpus.sources.twin2k_megastudy import Twin2kMegastudy
from odyssim.corpus.sources.unhealthy_comments import UnhealthyComments
from odyssim.corpus.sources.village import Village
from odyssim.errors import UnknownName

_READERS: tuple[SourceReader, ...] = (
    Abcd(),
    BigToM(),
    BigToMConditions(),
    Casino(),
    Cima(),
    CoserShakespeare(),
    Crd3(),
    CrossWoz(),
    DealOrNoDeal(),
    DialogSum(),
    DialOp(),
    EmpatheticDialogues(),
    EsConv(),
    Ethics(),
    GoEmotions(),
    HhRlhf(),
    MathDial(),
    MeldEmoryNlp(),
    MultiDoGo(),
    OasstExportSample(),
    OpenToM(),
    PersuasionForGood(),
    QmSum(),
    Sgd(),
    SimulatedToMHuman(),
    Star(),
    SupremeCourt(),
    Switchboard(),
    SyntheticPersonaChat(),
    Taskmaster(),
    ToMi(),
    TopicalChat(),
    Twin2kMegastudy(),
    UnhealthyComments(),
    Village(),
    *ELSEWHERE,
)
_LICENCES = {name: reader.card.licence for reader in _READERS for name in (reader.card.id, *reader.card.aliases)}
SOURCES: dict[str, SourceReader] = {
    reader.card.id: reader for reader in (*_READERS, ContextWriting(_READERS), PublishedCorpus(_LICENCES))
}
"""Every source by its id."""

_BY_NAME: dict[str, SourceReader] = SOURCES | {alias: reader for reader in _READERS for alias in reader.card.aliases}


def source(name: str, *, download: bool = False) -> SourceReader:
    """The source of a catalogue name or alias, or of the path of one's own `.jsonl` file.

    `download`: it may be fetched from its hub if its files are not in the data folder. Raises `UnknownName` for
    another name, `DataError` for a path without a file.
    """
    if name.endswith(".jsonl"):
        return InteractionFile(Path(name))
    if name not in _BY_NAME:
        raise UnknownName("corpus source", name, list(SOURCES), hint="or give the path of your own FILE.jsonl")
    reader = _BY_NAME[name]
    return reader.downloading() if download and isinstance(reader, HubReader) else reader
