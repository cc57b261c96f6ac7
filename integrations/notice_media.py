"""What channels and webhooks offer as media of notices, announced to the domain."""

from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.hooks import WebhookEndpoint
from integrations.models import Channel, Contact
from integrations.registry import kinds
from omnidesk.accounts.models import User
from tickets.media import Offer, add_medium
from tickets.notices import Medium


def text_organizations(user: User) -> list[int]:
    """Organizations of the person that send text messages. Queries: 1."""
    able = [key for key, kind in kinds().items() if kind.short and kind.transport]
    rows = Channel.objects.working().filter(kind__in=able)
    rows = rows.filter(organization__in=user.visible_organization_ids())
    return sorted(set(rows.values_list("organization_id", flat=True)))


def shown_phone(phone: str) -> str:
    """A number as its owner knows it again, not whoever looks over the shoulder."""
    return f"{phone[:4]} … {phone[-3:]}"


def _texts(user: User) -> Offer | None:
    """Queries: 2."""
    organizations = text_organizations(user)
    if not organizations:
        return None
    link = reverse("phone:confirm")
    contacts = Contact.objects.filter(
        user=user, organization__in=organizations, confirmed_at__isnull=False
    )
    contact = contacts.order_by("opted_out_at").first()
    if contact is None:
        return Offer(False, _("possible once you have confirmed a telephone number."), link)
    if contact.opted_out_at is not None:
        words = _("your number has opted out (STOP). Send START from it to have messages again.")
        return Offer(False, words, link)
    return Offer(True, _("to %(phone)s.") % {"phone": shown_phone(contact.phone)}, link)


def _calls(user: User) -> Offer | None:
    """Queries: 1."""
    rows = WebhookEndpoint.objects.filter(
        organization__in=user.staffed_organization_ids(), is_active=True
    )
    names = [row.name for row in rows if row.hears_notices]
    if not names:
        return None
    return Offer(True, _("passed on to %(names)s.") % {"names": ", ".join(names)})


add_medium(Medium.SMS, _texts)
add_medium(Medium.WEBHOOK, _calls)
