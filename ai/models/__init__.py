"""Tables of the AI: its queue, its word, its memory, its spending."""

from ai.models.autonomy import (
    AutomaticAnswer,
    AutomaticSwitch,
    Autonomy,
    AutonomyChange,
    Backtest,
    Level,
)
from ai.models.chat import Conversation, Turn
from ai.models.document import Document, DocumentPassage
from ai.models.enrichment import Enrichment
from ai.models.index import IndexEntry, Rebuild
from ai.models.job import Job
from ai.models.kept import KeptText
from ai.models.learning import TrainedModel, Training
from ai.models.ledger import ModelCall, Policy
from ai.models.proposal import ArticleProposal, ProposalTicket
from ai.models.suggestion import Suggestion
from ai.models.surge import Surge, SurgeMember
from ai.models.tools import ToolServer

__all__ = [
    "ArticleProposal",
    "AutomaticAnswer",
    "AutomaticSwitch",
    "Autonomy",
    "AutonomyChange",
    "Backtest",
    "Conversation",
    "Document",
    "DocumentPassage",
    "Enrichment",
    "IndexEntry",
    "Job",
    "KeptText",
    "Level",
    "ModelCall",
    "Policy",
    "ProposalTicket",
    "Rebuild",
    "Suggestion",
    "Surge",
    "SurgeMember",
    "ToolServer",
    "TrainedModel",
    "Training",
    "Turn",
]
