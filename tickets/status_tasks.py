"""Mails of the status page and to guests: claimed by a row, sent without a transaction."""

from collections.abc import Mapping

import structlog
from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from omnidesk.core.clock import now
from omnidesk.core.tasks import ScopelessTask
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from tickets.actions.guests import claim_mail, forget_guests, release_mail, sign_guest
from tickets.actions.status_page import claim_followers, give_back
from tickets.models import GuestRequest, StatusNotice
from tickets.status_selectors import untold

logger = structlog.get_logger(__name__)
MOST_LINKS = 100


@shared_task(name="tickets.mail_status", base=ScopelessTask)  # type: ignore[untyped-decorator]
def mail_status(organization_id: int, notice_id: int) -> int:
    """Tell followers of a notice's newest update; returns how many mails left."""
    with organization_scope(organization_id):
        notice = (
            StatusNotice.objects.select_related("organization")
            .filter(pk=notice_id, published_at__isnull=False)
            .first()
        )
        update = notice.updates.order_by("-pk").first() if notice else None
        claimed = claim_followers(notice, update.pk) if notice and update else []
    sent = 0
    if notice is None:
        return sent
    for follower, known in claimed:
        context = {"notice": notice, "update": update, "link": _link("portal:status")}
        language = follower.user.language or notice.organization.language
        if _send(follower.user.email, "status_update", context, language):
            sent += 1
        else:
            with organization_scope(organization_id):
                give_back(follower, known)
    return sent


@shared_task(name="tickets.mail_guest", base=ScopelessTask)  # type: ignore[untyped-decorator]
def mail_guest(organization_id: int, request_id: int) -> bool:
    """Mail a guest the link to the request; returns whether this call did."""
    with organization_scope(organization_id):
        row = claim_mail(request_id)
    if row is None:
        return False
    link = _link("portal:guest_link", sign_guest(row))
    if _send(row.email, "guest_link", {"row": row, "link": link}, row.language):
        return True
    with organization_scope(organization_id):
        release_mail(row.pk)
    return False


@shared_task(name="tickets.sweep_mails", base=ScopelessTask)  # type: ignore[untyped-decorator]
def sweep_mails() -> int:
    """Find mails that were lost on the way, forget what nobody confirmed; returns how many."""
    with system_scope():
        notices = untold()
        waiting = GuestRequest.objects.filter(mailed_at=None).order_by("pk")
        guests = list(waiting.values_list("organization_id", "pk")[:MOST_LINKS])
        forget_guests(now())
    for organization_id, pk in notices:
        mail_status.delay(organization_id, pk)
    for organization_id, pk in guests:
        mail_guest.delay(organization_id, pk)
    return len(notices) + len(guests)


def _link(name: str, *args: str) -> str:
    return settings.BASE_URL.rstrip("/") + reverse(name, args=args)


def _send(address: str, name: str, context: Mapping[str, object], language: str) -> bool:
    """Whether the mail server took it."""
    with translation.override(language):
        subject = one_line(render_to_string(f"emails/{name}.subject.txt", dict(context)))
        text = render_to_string(f"emails/{name}.txt", dict(context))
    mail = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, [address])
    left = bool(mail.send(fail_silently=True))
    if not left:
        logger.warning("mail_not_sent", mail=name)
    return left
