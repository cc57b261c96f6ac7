"""An automatic answer from its record to its requester: held, proved, sent once, or stopped.

Every step takes the locks in one order (switch, ticket, category, answer), decides on fresh rows
and does what it decides in the same transaction. Whoever dies leaves the row as it was; whoever
comes second finds it settled.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import structlog
from django.db import transaction
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from ai.actions.autonomy import hold_category, review
from ai.actions.switch import hold_switch
from ai.automatic_words import answer_text, known
from ai.autonomy_gates import CODE_LASTS, HOLD_SECONDS, NEW_FOR, is_verified, quotes, why_not
from ai.engine.autonomy import only_thanks
from ai.events import AnswerHeld, CodeDue
from ai.models import AutomaticAnswer, Autonomy, Enrichment, Level, Suggestion
from ai.reading import Automatic, Reading
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.events import publish
from tickets.actions.base import Actor, FieldChange, InvalidChange, announce, locked, record
from tickets.actions.intake import Body, receive_message
from tickets.actions.lifecycle import set_status
from tickets.actions.reply import reply
from tickets.actions.types import stage_status
from tickets.choices import ActorKind, Source, StatusCategory
from tickets.models import Category, Change, Message, Ticket

logger = structlog.get_logger(__name__)
State = AutomaticAnswer.State
MOST_TRIES: Final = 5
WAITING: Final = (State.HELD.value, State.ASKED.value)


@dataclass(frozen=True, slots=True)
class Held:
    """The rows of one step under their locks."""

    answer: AutomaticAnswer
    ticket: Ticket
    autonomy: Autonomy | None


class Noted(NamedTuple):
    """A reading with the rows it belongs to, and its draft where it has one."""

    row: Enrichment
    ticket: Ticket
    reading: Reading
    draft: Suggestion | None


def note_automatic(noted: Sequence[Noted]) -> list[AutomaticAnswer]:
    """Record what could be answered to new tickets; hold it where its category may send.

    Part of the readings' own transaction, under the tickets' locks. A ticket gets one record, at
    its first reading; none for an old ticket and where no category is known. Queries: 0, or 4 and
    those of the reasons against sending.
    """
    fresh = [one for one in noted if _may_be_answered(one)]
    if not fresh:
        return []
    ids = [one.ticket.pk for one in fresh]
    known = set(AutomaticAnswer.objects.filter(ticket__in=ids).values_list("ticket", flat=True))
    wanted = {
        found.category for one in fresh if (found := one.reading.automatic) and found.category
    }
    categories = {row.pk: row for row in Category.objects.filter(
        pk__in=wanted, organization_id=fresh[0].ticket.organization_id
    )}  # fmt: skip
    autonomies = {row.category_id: row for row in Autonomy.objects.filter(category__in=categories)}
    due = [
        (one, _recorded(one, found, categories[found.category], autonomies.get(found.category)))
        for one in fresh
        if (found := one.reading.automatic) is not None
        and found.category in categories
        and one.ticket.pk not in known
    ]
    answers = AutomaticAnswer.objects.bulk_create(answer for _one, answer in due)
    for (one, _answer), answer in zip(due, answers, strict=True):
        _hold_if_due(answer, one.ticket, autonomies.get(answer.category_id))
    return answers


def _may_be_answered(one: Noted) -> bool:
    found = one.reading.automatic
    is_first = one.row.trigger == Enrichment.Trigger.OPENED
    is_new = now() - one.ticket.created_at <= NEW_FOR
    return found is not None and found.category is not None and is_first and is_new


def _hold_if_due(answer: AutomaticAnswer, ticket: Ticket, autonomy: Autonomy | None) -> None:
    if answer.text and autonomy is not None and autonomy.level == Level.SEND:
        answer.reason = why_not(answer, ticket, autonomy)
        if not answer.reason:
            _hold(answer)
        answer.save(update_fields=["state", "reason", "send_at"])


def _recorded(
    one: Noted, found: Automatic, category: Category, autonomy: Autonomy | None
) -> AutomaticAnswer:
    draft = one.draft
    lines = quotes(found.text)
    same = draft is not None and bool(lines) and all(line in draft.value for line in lines)
    return AutomaticAnswer(
        organization_id=one.ticket.organization_id,
        ticket=one.ticket,
        category=category,
        category_confidence=found.category_confidence,
        suggestion=draft if same else None,
        level=autonomy.level if autonomy else Level.SUGGEST.value,
        reason=found.reason,
        text=found.text,
        sources=[dict(one) for one in found.sources],
        confidence=found.confidence,
        language=found.language,
    )


def _hold(answer: AutomaticAnswer) -> None:
    answer.state = State.HELD
    answer.send_at = now() + timedelta(seconds=HOLD_SECONDS)
    publish(
        AnswerHeld(
            organization_id=answer.organization_id, answer_id=answer.pk, seconds=HOLD_SECONDS
        )
    )


@transaction.atomic
def send_answer(*, answer_id: int) -> AutomaticAnswer | None:
    """Send a held answer whose time has come, once, whoever else tries; None: not its turn.

    All that spoke for it is asked again. Message, state and what the desk sees are one
    transaction; the outbox takes the message from there.
    """
    due = AutomaticAnswer.objects.filter(pk=answer_id, state=State.HELD, send_at__lte=now())
    held = _locked(due.first())
    if held is None or held.answer.state != State.HELD:
        return None
    reason = why_not(held.answer, held.ticket, held.autonomy)
    if reason:
        return _stop(held, reason)
    if not is_verified(held.ticket):
        return _ask_for_code(held)
    return _say(held)


def _locked(first: AutomaticAnswer | None) -> Held | None:
    """The answer with its ticket and category, fresh and locked, in the order of all."""
    if first is None:
        return None
    hold_switch()
    ticket = locked(first.ticket)
    hold_category(first.category_id)
    list(AutomaticAnswer.objects.select_for_update().filter(pk=first.pk).values_list("pk"))
    answer = AutomaticAnswer.objects.get(pk=first.pk)
    autonomy = Autonomy.objects.filter(category=answer.category_id).first()
    return Held(answer, ticket, autonomy)


def _say(held: Held) -> AutomaticAnswer:
    answer, ticket = held.answer, held.ticket
    # Copies get nothing: only the requester's own address is known to be asked for.
    answer.message = reply(
        ticket=ticket,
        actor=Actor.machine(ActorKind.AI, "automatic"),
        text=answer_text(answer),
        cc=[],
    )
    answer.state, answer.reason, answer.settled_at = State.SENT, "", now()
    answer.save()
    logger.info("automatic_answer_sent", answer=answer.pk, ticket=ticket.pk)
    return answer


def _stop(held: Held, reason: str, user: User | None = None) -> AutomaticAnswer:
    answer = held.answer
    answer.state, answer.reason, answer.settled_at = State.STOPPED, reason, now()
    answer.stopped_by, answer.code_hash = user, ""
    answer.save()
    actor = Actor.person(user) if user else Actor.machine(ActorKind.AI, "automatic")
    change = FieldChange("ticket.automatic_stopped", detail={"reason": reason})
    record(held.ticket, actor, change, activity=False)
    return answer


@transaction.atomic
def stop_answer(*, answer: AutomaticAnswer, user: User) -> AutomaticAnswer:
    """An agent stops an answer that waits. Raises `InvalidChange` for one that was sent."""
    held = _locked(answer)
    assert held is not None  # noqa: S101  a row that was read is locked; for the type checker
    if held.answer.state == State.STOPPED:
        return held.answer
    if not held.answer.is_waiting:
        raise InvalidChange(_("This answer does not wait any more."))
    return _stop(held, "agent", user)


@transaction.atomic
def hear_requester(*, ticket_id: int, message_id: int) -> AutomaticAnswer | None:
    """The requester wrote: what waits is stopped, and after an answer a person has the ticket."""
    # A mere record never waits and was never sent: no lock for it.
    live = AutomaticAnswer.objects.filter(ticket=ticket_id, person_asked_at=None)
    held = _locked(live.filter(state__in=[*WAITING, State.SENT]).first())
    if held is None:
        return None
    if held.answer.is_waiting:
        return _stop(held, "talk")
    message = Message.objects.filter(pk=message_id).first()
    if held.answer.state != State.SENT or message is None or only_thanks(message.text):
        return held.answer
    return held.answer if _is_automatic(message) else _hand_over(held)


def _is_automatic(message: Message) -> bool:
    """Whether a machine wrote it (an out-of-office note): nobody asks for a person there."""
    lines = Change.objects.filter(ticket=message.ticket_id, verb="ticket.message_received")
    return lines.filter(detail__message=message.pk, detail__automatic=True).exists()


def _hand_over(held: Held) -> AutomaticAnswer:
    if held.answer.person_asked_at is None:
        held.answer.person_asked_at = now()
        held.answer.save(update_fields=["person_asked_at"])
        announce(held.ticket)
    return held.answer


@transaction.atomic
def ask_person(*, answer: AutomaticAnswer) -> AutomaticAnswer:
    """The link's "a person, please": the team hears it as the requester's own words, once."""
    held = _locked(answer)
    assert held is not None  # noqa: S101  as above
    if held.answer.person_asked_at is not None:
        return held.answer
    if held.answer.is_waiting:
        _stop(held, "person")
    _hand_over(held)
    requester = held.ticket.requester
    with translation.override(known(held.answer.language)):
        words = _("I would like a person to answer this.")
    receive_message(
        ticket=held.ticket,
        author=requester,
        body=Body(text=words),
        source=Source.PORTAL,
        actor=Actor(ActorKind.PERSON, requester, requester.display_name),
    )
    return AutomaticAnswer.objects.get(pk=held.answer.pk)


@transaction.atomic
def say_it_helped(*, answer: AutomaticAnswer) -> AutomaticAnswer:
    """The link's "it helped": the ticket is solved, where its workflow lets a requester."""
    held = _locked(answer)
    assert held is not None  # noqa: S101  as above
    if held.answer.state != State.SENT or held.answer.helped_at is not None:
        return held.answer
    held.answer.helped_at = now()
    held.answer.save(update_fields=["helped_at"])
    requester = held.ticket.requester
    actor = Actor(ActorKind.PERSON, requester, requester.display_name)
    status = stage_status(held.ticket, StatusCategory.SOLVED, actor)
    if status is not None and not held.ticket.is_settled:
        try:
            with transaction.atomic():
                set_status(ticket=held.ticket, actor=actor, status=status)
        except InvalidChange:
            announce(held.ticket)  # The desk settles it: it has heard that it helped.
    return AutomaticAnswer.objects.get(pk=held.answer.pk)


# --- A mailbox that is not known yet -----------------------------------------------------------


def _ask_for_code(held: Held) -> AutomaticAnswer:
    answer = held.answer
    answer.state, answer.send_at, answer.code_mailed_at = State.ASKED, now() + CODE_LASTS, None
    answer.save()
    publish(CodeDue(organization_id=answer.organization_id, answer_id=answer.pk))
    announce(held.ticket)
    return answer


@transaction.atomic
def claim_code(*, answer_id: int) -> tuple[AutomaticAnswer, str] | None:
    """The answer and its new code, for one worker alone; the code itself is kept nowhere."""
    rows = AutomaticAnswer.objects.filter(pk=answer_id, state=State.ASKED, code_mailed_at=None)
    list(rows.select_for_update().values_list("pk"))
    answer = rows.select_related("ticket__requester", "organization").first()
    if answer is None:
        return None
    code = f"{secrets.randbelow(10**6):06d}"
    answer.code_hash, answer.code_mailed_at = _hash(answer, code), now()
    answer.save(update_fields=["code_hash", "code_mailed_at"])
    return answer, code


def release_code(answer_id: int) -> None:
    """The mail did not leave: the next look makes a new code."""
    AutomaticAnswer.objects.filter(pk=answer_id, state=State.ASKED).update(
        code_hash="", code_mailed_at=None
    )


def _hash(answer: AutomaticAnswer, code: str) -> str:
    return salted_hmac(f"ai.automatic.{answer.pk}", code, algorithm="sha256").hexdigest()


@transaction.atomic
def try_code(*, answer: AutomaticAnswer, code: str) -> AutomaticAnswer:
    """Send the answer to whoever typed in the code of their mail; a wrong one is counted."""
    held = _locked(answer)
    assert held is not None  # noqa: S101  as above
    row = held.answer
    if row.state != State.ASKED or not row.code_hash:
        return row
    if row.send_at is not None and row.send_at < now():
        return _stop(held, "expired")
    typed = "".join(one for one in code if one in "0123456789")
    if not hmac.compare_digest(_hash(row, typed), row.code_hash):
        row.code_tries += 1
        row.save(update_fields=["code_tries"])
        return _stop(held, "code") if row.code_tries >= MOST_TRIES else row
    row.verified_at, row.code_hash = now(), ""
    row.save(update_fields=["verified_at", "code_hash"])
    reason = why_not(row, held.ticket, held.autonomy)
    return _stop(held, reason) if reason else _say(held)


@transaction.atomic
def expire(*, answer_id: int) -> AutomaticAnswer | None:
    """End an answer whose code nobody typed in."""
    held = _locked(AutomaticAnswer.objects.filter(pk=answer_id, state=State.ASKED).first())
    if held is None or held.answer.state != State.ASKED:
        return None
    return _stop(held, "expired")


@transaction.atomic
def note_reopened(*, ticket_id: int) -> AutomaticAnswer | None:
    """A settled ticket came back: its answer was no good, unless somebody only said thanks."""
    answer = AutomaticAnswer.objects.filter(ticket=ticket_id).exclude(text="").first()
    if answer is None or answer.reopened_at is not None:
        return answer
    last = Message.objects.filter(ticket=ticket_id, from_requester=True).order_by("-pk").first()
    if last is not None and not last.is_opening and only_thanks(last.text):
        return answer
    hold_category(answer.category_id)
    AutomaticAnswer.objects.filter(pk=answer.pk).update(reopened_at=now(), is_right=False)
    review(category_id=answer.category_id, ticket=answer.ticket)
    return answer
