"""Was an answer right? Compared with what people wrote and with what became of the ticket.

Runs in the ai-worker: whether two texts say the same is a question for the embedding. No
transaction is open while it works.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from ai.actions.autonomy import record_judgement
from ai.autonomy_gates import quotes
from ai.db import release
from ai.engine.embed import Encoder
from ai.engine.sentences import is_courtesy, shared_words, split_units
from ai.models import AutomaticAnswer, Suggestion
from omnidesk.core.tenancy import organization_scope
from tickets.choices import DeliveryState, MessageKind, StatusCategory
from tickets.models import Message, Ticket

Outcome = AutomaticAnswer.Outcome
State = AutomaticAnswer.State
LAST_ANSWERS = 3
SETTLED = (StatusCategory.SOLVED.value, StatusCategory.CLOSED.value)
# Shares of the shorter text's words, and the cosine, from which two answers are the same.
USED_RATIO = 0.95
EDITED_WORDS = 0.7
SAME_COSINE = 0.70
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`is_right` is None where there is nothing to compare with."""

    outcome: str
    is_right: bool | None
    likeness: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """An answer, what people wrote, and what became of the ticket."""

    text: str
    written: str
    is_sent: bool = False
    is_rejected: bool = False
    is_missorted: bool = False
    asked_for_person: bool = False
    helped: bool = False
    undelivered: bool = False


def judge(encoder: Encoder, organization_id: int, answer_id: int) -> Verdict | None:
    """Judge one answer whose ticket is settled; None where it is not (any more)."""
    with organization_scope(organization_id):
        rows = AutomaticAnswer.objects.select_related("ticket", "suggestion")
        answer = rows.filter(pk=answer_id, ticket__status_category__in=SETTLED).first()
        if answer is None or not answer.text:
            return None
        facts = _facts(answer)
    release()
    found = verdict_of(encoder, facts)
    with organization_scope(organization_id):
        record_judgement(
            answer_id=answer_id,
            outcome=found.outcome,
            is_right=found.is_right,
            likeness=found.likeness,
        )
    return found


def _facts(answer: AutomaticAnswer) -> Facts:
    draft, ticket, message = answer.suggestion, answer.ticket, answer.message
    return Facts(
        text=answer.text,
        written=written_by_people(ticket),
        is_sent=answer.state == State.SENT,
        is_rejected=draft is not None and draft.state == Suggestion.State.REJECTED,
        is_missorted=ticket.category_id not in {None, answer.category_id},
        asked_for_person=answer.person_asked_at is not None,
        helped=answer.helped_at is not None,
        undelivered=message is not None and message.delivery_state == DeliveryState.FAILED,
    )


def written_by_people(ticket: Ticket) -> str:
    """The desk's last public words on a ticket, machines left out. Queries: 1."""
    rows = Message.objects.filter(
        ticket=ticket, kind=MessageKind.PUBLIC, from_requester=False, is_ai=False
    ).exclude(author=None)
    texts = rows.order_by("-created_at", "-pk").values_list("text", flat=True)[:LAST_ANSWERS]
    return "\n\n".join(reversed([text for text in texts if text.strip()]))


def verdict_of(encoder: Encoder, facts: Facts) -> Verdict:
    """What the facts say of an answer: pure but for the encoder."""
    if facts.is_missorted:
        return Verdict(Outcome.MISSORTED.value, False)
    if facts.is_rejected:
        return Verdict(Outcome.REJECTED.value, False)
    if facts.is_sent and facts.asked_for_person:
        return Verdict(Outcome.PERSON.value, False)
    if facts.undelivered:
        return Verdict(Outcome.UNKNOWN.value, None)
    if facts.written:
        return compare(encoder, facts.text, facts.written)
    if facts.is_sent:
        return Verdict(Outcome.HELPED.value, True)
    return Verdict(Outcome.UNKNOWN.value, None)


def compare(encoder: Encoder, text: str, written: str) -> Verdict:
    """Whether people wrote what the answer says: as it is, edited, in other words, or not."""
    own, theirs = quotes(text), _content(written)
    if not own or not theirs:
        return Verdict(Outcome.UNKNOWN.value, None)
    mine, other = _flat(" ".join(own)), _flat(" ".join(theirs))
    ratio = SequenceMatcher(None, mine, other, autojunk=False).ratio() if _short(mine, other) else 0
    if mine in other or ratio >= USED_RATIO:
        return Verdict(Outcome.AS_IS.value, True, 1.0)
    if min(shared_words(mine, other), shared_words(other, mine)) >= EDITED_WORDS:
        return Verdict(Outcome.EDITED.value, True, 1.0)
    vectors = encoder.encode([" ".join(own), " ".join(theirs)])
    likeness = round(float(vectors[0] @ vectors[1]), 4)
    same = likeness >= SAME_COSINE
    return Verdict((Outcome.SAME if same else Outcome.OTHER).value, same, likeness)


def _content(written: str) -> list[str]:
    """The sentences of an answer that say something: no greeting, no closing."""
    return [unit.text for unit in split_units(written) if not is_courtesy(unit.text)]


def _short(first: str, second: str) -> bool:
    # The comparison by characters is quadratic.
    return max(len(first), len(second)) <= 3_000


def _flat(text: str) -> str:
    return _SPACES.sub(" ", text).strip().lower()
