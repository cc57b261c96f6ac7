"""Sending codes to telephones: claimed before the hand-over, never twice."""

from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.braking import may_send
from integrations.actions.channels import note_failure
from integrations.actions.phones import GOOD_FOR, text_channel
from integrations.base import OutboundMessage, TransportError
from integrations.models import PhoneCode
from integrations.registry import transport_for
from omnidesk.core.clock import now
from omnidesk.core.tenancy import organization_scope, system_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret, unseal

logger = structlog.get_logger(__name__)
State = PhoneCode.State
# A code that comes too late to be typed in is not worth its price.
WORTH_SENDING: Final = GOOD_FOR - timedelta(minutes=2)


def send_code(organization_id: int, code_id: int) -> str:
    """Send one code; returns the state it reached, "not due" where somebody else has it."""
    with organization_scope(organization_id):
        waiting = PhoneCode.objects.filter(
            pk=code_id, state=State.WAITING, created_at__gt=now() - WORTH_SENDING
        )
        if not waiting.update(state=State.HANDING_OVER):
            return "not due"
        row = PhoneCode.objects.select_related("user", "organization").get(pk=code_id)
        channel = text_channel(organization_id)
        if channel is None or not may_send(channel):
            return _end(row, _("Text messages cannot be sent at the moment."))
        try:
            message = _message(row)
        except UnreadableSecret as problem:
            return _end(row, str(problem))
    try:
        transport_for(channel).send(message, lambda: None)
    except TransportError as problem:
        with organization_scope(organization_id):
            if problem.refused:
                note_failure(channel, problem)
            # A lost answer may have been a sent message: the person will see.
            return _end(row, "" if problem.uncertain else problem.message)
    with organization_scope(organization_id):
        return _end(row, "")


def _message(row: PhoneCode) -> OutboundMessage:
    language = row.user.language or row.organization.language
    known = {code for code, _name in settings.LANGUAGES}
    with translation.override(language if language in known else settings.LANGUAGE_CODE):
        text = _("%(code)s is your code for the service desk of %(name)s. Tell it to nobody.") % {
            "code": unseal(row.sealed_code), "name": row.organization.name,
        }  # fmt: skip
    return OutboundMessage(
        idempotency_key=f"code-{row.organization_id}-{row.pk}", recipient=row.phone, text=text
    )


def _end(row: PhoneCode, problem: str) -> str:
    state = State.FAILED if problem else State.SENT
    PhoneCode.objects.filter(pk=row.pk).update(state=state, error=one_line(problem, 300))
    logger.info("phone_code_settled", code=row.pk, state=state.value)
    return state.value


def due_codes() -> list[tuple[int, int]]:
    """(organization, code) of every code that still waits and is worth sending."""
    with system_scope():
        rows = PhoneCode.objects.filter(state=State.WAITING, created_at__gt=now() - WORTH_SENDING)
        return list(rows.order_by("pk").values_list("organization_id", "pk")[:200])
