"""Drafts: kept while somebody writes, held after sending, sent once or taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from omnidesk.accounts.models import User
from omnidesk.core.clock import now
from omnidesk.core.errors import BadInput
from omnidesk.core.events import publish
from omnidesk.core.text import clean_text, one_line
from tickets.access import works_on
from tickets.actions.attach import NewFile, store
from tickets.actions.base import Actor, InvalidChange, announce
from tickets.actions.intake import LONGEST_TEXT
from tickets.actions.lifecycle import set_status
from tickets.actions.macros import apply_macro
from tickets.actions.reply import add_note, reply
from tickets.choices import MessageKind
from tickets.events import MessageHeld, MessageReturned
from tickets.models import Attachment, Draft, Macro, MacroUse, PendingReason, Status, Ticket

MOST_FILES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What leaves the composer: a text, and what is done with it.

    `files` come with the request, `attachment_ids` were uploaded into the draft before.
    """

    kind: MessageKind
    text: str
    cc: Sequence[str] | None = None
    files: Sequence[NewFile] = ()
    attachment_ids: Sequence[int] = ()
    status: Status | None = None
    reason: PendingReason | None = None
    macro: Macro | None = None


class DraftChanged(BadInput):
    """Another tab saved, sent or deleted the draft meanwhile; `draft` is what there is now."""

    def __init__(self, draft: Draft | None) -> None:
        gone = _("This draft was sent or deleted in another window.")
        super().__init__(_("This draft was changed in another window.") if draft else gone)
        self.draft = draft


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a held message: sent, returned with a reason, or not its turn."""

    sent: bool = False
    problem: str = ""


@transaction.atomic
def save_draft(
    *, ticket: Ticket, user: User, kind: MessageKind, text: str,
    cc: Sequence[str] | None = None, revision: UUID | None,
) -> Draft | None:  # fmt: skip
    """Keep what is written; None where nothing is left of it.

    `revision` is the one the writer knows, None for no draft. Raises `DraftChanged` where
    another was saved since: nobody's words are written over unseen.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidChange(
            _("A message may have at most %(limit)d characters.") % {"limit": LONGEST_TEXT}, "text"
        )
    draft = _current(ticket, user, kind)
    if (draft.revision if draft else None) != revision:
        raise DraftChanged(draft)
    if not text.strip() and (draft is None or not draft.attachments.exists()):
        if draft is not None:
            draft.delete()
        return None
    if draft is None and _is_held(ticket, user, kind, text):
        return None
    draft = draft or _new(ticket, user, kind)
    draft.text, draft.cc = clean_text(text), None if cc is None else list(cc)
    _keep(draft)
    return draft


def _is_held(ticket: Ticket, user: User, kind: MessageKind, text: str) -> bool:
    """Whether the text waits to go out: a save that left before the sending came after it."""
    rows = Draft.objects.filter(ticket=ticket, person=user, kind=kind, text=clean_text(text))
    return rows.exclude(send_at=None).exists()


@transaction.atomic
def discard_draft(*, ticket: Ticket, user: User, kind: MessageKind) -> None:
    """Throw a draft away with its files; none is as good."""
    draft = _current(ticket, user, kind)
    if draft is not None:
        for row in draft.attachments.all():
            _drop(row)
        draft.delete()


@transaction.atomic
def add_draft_files(
    *, ticket: Ticket, user: User, kind: MessageKind, files: Sequence[NewFile]
) -> Draft:
    """Put files into the draft, which begins with them where there is none."""
    draft = _current(ticket, user, kind)
    if draft is None:
        draft = _new(ticket, user, kind)
        _keep(draft)
    if draft.attachments.count() + len(files) > MOST_FILES:
        words = _("At most %(limit)d files at once.") % {"limit": MOST_FILES}
        raise InvalidChange(words, "attachments")
    internal = kind == MessageKind.INTERNAL
    rows = store(ticket, None, list(files), Actor.person(user), internal=internal)
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(draft=draft)
    return draft


@transaction.atomic
def drop_draft_file(*, user: User, ticket: Ticket, attachment_id: int) -> None:
    """Take a file out of one's draft; one that is gone stays gone."""
    row = Attachment.objects.filter(
        pk=attachment_id, ticket=ticket, uploaded_by=user, message=None, draft__send_at=None
    ).exclude(draft=None)
    for found in row:
        _drop(found)


def _drop(row: Attachment) -> None:
    storage, name = row.file.storage, str(row.file.name)
    row.delete()
    transaction.on_commit(lambda: storage.delete(name), robust=True)


def _current(ticket: Ticket, user: User, kind: MessageKind) -> Draft | None:
    rows = Draft.objects.filter(ticket=ticket, person=user, kind=kind, send_at=None)
    return rows.select_for_update().first()


def _new(ticket: Ticket, user: User, kind: MessageKind) -> Draft:
    return Draft(
        organization_id=ticket.organization_id, ticket=ticket, person=user, kind=kind.value
    )


def _keep(draft: Draft) -> None:
    draft.saved_at, draft.revision = now(), uuid4()
    try:
        with transaction.atomic():
            draft.save()
    except IntegrityError:
        # Two tabs began at the same moment: the second one hears of the first.
        raise DraftChanged(
            Draft.objects.filter(
                ticket=draft.ticket, person=draft.person, kind=draft.kind, send_at=None
            ).first()
        ) from None


@transaction.atomic
def send_now(*, ticket: Ticket, user: User, writing: Writing) -> MacroUse | None:
    """Send at once and drop the draft it was; the macro's use where one was staged."""
    draft = _current(ticket, user, writing.kind)
    used = _perform(ticket, user, writing)
    if draft is not None:
        draft.delete()
    return used


class _Rehearsed(Exception):
    """Ends a rehearsal, so that nothing of it stays."""


@transaction.atomic
def hold(
    *, ticket: Ticket, user: User, writing: Writing, seconds: int, beside: bool = False
) -> Draft:
    """Send in `seconds`, unless it is taken back before.

    What would be refused then is refused now: the whole of it is done once and undone. With
    `beside` what the person has begun to write on the ticket stays as it is.
    """
    draft = None if beside else _current(ticket, user, writing.kind)
    draft = draft or _new(ticket, user, writing.kind)
    if beside:
        draft.send_at = now() + timedelta(seconds=seconds)
    draft.text, draft.cc = clean_text(writing.text), writing.cc
    draft.problem, draft.saved_at = "", now()
    draft.status_after, draft.reason_after = writing.status, writing.reason
    draft.macro = writing.macro
    draft.save()
    if writing.files:
        add_draft_files(ticket=ticket, user=user, kind=MessageKind(draft.kind), files=writing.files)
    _rehearse(draft)
    draft.send_at = now() + timedelta(seconds=seconds)
    draft.save(update_fields=["send_at"])
    publish(
        MessageHeld(
            organization_id=ticket.organization_id,
            ticket_id=ticket.pk,
            draft_id=draft.pk,
            seconds=seconds,
        )
    )
    return draft


def _rehearse(draft: Draft) -> None:
    try:
        with transaction.atomic():
            _perform(draft.ticket, draft.person, _writing_of(draft))
            raise _Rehearsed
    except _Rehearsed:
        return


def _writing_of(draft: Draft) -> Writing:
    return Writing(
        kind=MessageKind(draft.kind),
        text=draft.text,
        cc=draft.cc,
        attachment_ids=list(draft.attachments.values_list("pk", flat=True)),
        status=draft.status_after,
        reason=draft.reason_after,
        macro=draft.macro,
    )


def _perform(ticket: Ticket, user: User, writing: Writing) -> MacroUse | None:
    actor = Actor.person(user)
    files, ids = writing.files, writing.attachment_ids
    if writing.kind == MessageKind.INTERNAL:
        add_note(ticket=ticket, actor=actor, text=writing.text, files=files, attachment_ids=ids)
        if writing.status is not None:
            set_status(ticket=ticket, actor=actor, status=writing.status, reason=writing.reason)
    else:
        reply(
            ticket=ticket,
            actor=actor,
            text=writing.text,
            files=files,
            attachment_ids=ids,
            cc=writing.cc,
            status_after=writing.status,
            reason_after=writing.reason,
        )
    if writing.macro is None:
        return None
    return apply_macro(macro=writing.macro, ticket=ticket, user=user)


@transaction.atomic
def take_back(*, draft_id: int, user: User) -> Draft | None:
    """Make a held message a draft again; None where it was sent or taken back already.

    What was written meanwhile stays below it.
    """
    rows = Draft.objects.select_for_update().filter(pk=draft_id, person=user)
    draft = rows.exclude(send_at=None).first()
    return _return(draft, "") if draft is not None else None


@transaction.atomic
def send_held(*, draft_id: int) -> Outcome:
    """Send a held message whose time has come, once, whoever else tries.

    The claim is the row's lock: message, status and the end of the row are one transaction. A
    process that dies leaves the row to the next look; one that comes second finds none. What
    cannot be sent any more becomes a draft again that says why.
    """
    draft = (
        Draft.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("ticket", "person", "status_after", "reason_after", "macro")
        .filter(pk=draft_id, send_at__lte=now())
        .first()
    )
    if draft is None:
        return Outcome()
    with translation.override(draft.person.language or draft.ticket.organization.language):
        try:
            with transaction.atomic():
                _refuse_leavers(draft)
                _perform(draft.ticket, draft.person, _writing_of(draft))
        except BadInput as refusal:
            problem = one_line(str(refusal), 300)
            _return(draft, problem)
            publish(
                MessageReturned(
                    organization_id=draft.organization_id,
                    ticket_id=draft.ticket_id,
                    number=draft.ticket.number,
                    user_id=draft.person_id,
                    problem=problem,
                )
            )
            return Outcome(problem=problem)
    draft.delete()
    return Outcome(sent=True)


def _refuse_leavers(draft: Draft) -> None:
    if not draft.person.is_active or not works_on(draft.person, draft.ticket):
        raise InvalidChange(_("Only the service desk can do this."))
    if draft.ticket.deleted_at is not None:
        raise InvalidChange(_("This ticket lies in the bin."))


def _return(draft: Draft, problem: str) -> Draft:
    """A held row as the person's draft; one written since is taken into it."""
    newer = _current(draft.ticket, draft.person, MessageKind(draft.kind))
    if newer is not None:
        texts = dict.fromkeys((draft.text, newer.text))
        draft.text = "\n\n".join(text for text in texts if text.strip())
        newer.attachments.update(draft=draft)
        newer.delete()
    draft.send_at, draft.problem = None, problem
    draft.revision, draft.saved_at = uuid4(), now()
    draft.save()
    announce(draft.ticket)
    return draft
