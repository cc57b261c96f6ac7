"""Conversations: asking, and handing over to a person."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ai.models import Conversation, Turn
from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.text import clean_text, one_line
from tickets.actions.base import Actor, InvalidChange
from tickets.actions.intake import Body, open_ticket, receive_message
from tickets.choices import Source
from tickets.models import Ticket

LONGEST_QUESTION = 4_000
MOST_TURNS = 100


@transaction.atomic
def start_conversation(
    *, organization_id: int, user: User, place: str, ticket: Ticket | None = None
) -> Conversation:
    """A new conversation of `user`."""
    return Conversation.objects.create(
        organization_id=organization_id, person=user, place=place, ticket=ticket
    )


@transaction.atomic
def ask(*, conversation: Conversation, question: str) -> Turn:
    """Put a question. Raises `InvalidChange` for an empty or long one and while one is open."""
    text = clean_text(question).strip()
    if not text:
        raise InvalidChange(_("Write a question."), "question")
    if len(text) > LONGEST_QUESTION:
        raise InvalidChange(
            _("A question may have at most %(limit)d characters.") % {"limit": LONGEST_QUESTION},
            "question",
        )
    if conversation.turns.count() >= MOST_TURNS:
        raise InvalidChange(_("This conversation is long. Start a new one."), "question")
    try:
        with transaction.atomic():
            return Turn.objects.create(
                organization_id=conversation.organization_id,
                conversation=conversation,
                question=text,
            )
    except IntegrityError as error:
        raise InvalidChange(_("Wait for the answer to your last question."), "question") from error


@transaction.atomic
def hand_over(*, conversation: Conversation, user: User, words: str = "") -> Ticket:
    """Give the conversation to a person: as a new ticket, or as a message on the one it is about.

    Works without any model. A second time, only what was said since goes to the same ticket;
    with nothing new nothing is written twice.
    """
    row = Conversation.objects.select_for_update(of=("self",)).get(pk=conversation.pk)
    turns = list(row.turns.filter(pk__gt=row.handed_turn))
    target = row.handed_to or row.ticket
    said = clean_text(words).strip()
    if not turns and not said:
        if row.handed_to is not None:
            return row.handed_to
        raise InvalidChange(_("Write a question."), "question")
    body = Body(text=transcript(turns, said))
    actor = Actor.person(user)
    if target is None:
        target = open_ticket(
            organization_id=row.organization_id,
            requester=user,
            subject=one_line(said or turns[0].question, 120),
            body=body,
            source=Source.PORTAL,
            actor=actor,
        )
    else:
        message = receive_message(
            ticket=target, author=user, body=body, source=Source.PORTAL, actor=actor
        )
        target = message.ticket
    row.handed_to = target
    row.handed_turn = turns[-1].pk if turns else row.handed_turn
    row.save(update_fields=["handed_to", "handed_turn", "updated_at"])
    # Whoever hands over does not wait for an answer any more.
    waiting = row.turns.filter(state__in=Turn.LIVE)
    waiting.update(state=Turn.State.FAILED, finished_at=now(), **Turn.signed(""))
    return target


def transcript(turns: list[Turn], words: str = "") -> str:
    """What was asked and answered, as a person on the desk reads it."""
    parts = [words] if words else []
    if turns:
        parts.append(_("Asked the assistant before:"))
    for turn in turns:
        parts.append(_("Question: %(text)s") % {"text": turn.question})
        said = str(turn.answer.get("text", "")) or _("no answer")
        sources = [f"[{one['number']}] {one['title']}" for one in turn.answer.get("citations", [])]
        parts.append("\n".join([_("Assistant: %(text)s") % {"text": said}, *sources]))
    return "\n\n".join(parts)
