"""What the far side says about a delivery after it took it."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from integrations.actions.outbound import settle
from integrations.models import Channel, Delivery, Step
from integrations.texting.states import Outcome, is_newer, outcome

# A call may overtake the answer to our own request: then its part is not yet known to us.
_PARTS_UNKNOWN = (Step.HANDING_OVER, Step.UNCERTAIN)
_SETTLED = (Step.SENT, Step.UNCERTAIN, Step.FAILED)


@transaction.atomic
def note_parts(delivery_id: int, parts: Sequence[str]) -> None:
    """Remember the far side's ids; what a faster call already said about them now counts."""
    delivery = _locked(delivery_id)
    delivery.remote = {**dict.fromkeys(parts, "queued"), **delivery.remote}
    delivery.external_id = delivery.external_id or parts[0]
    delivery.save(update_fields=["remote", "external_id"])
    if any(state != "queued" for state in delivery.remote.values()):
        _settle(delivery, "")


@transaction.atomic
def note_status(
    *, channel: Channel, delivery_id: int, part: str, status: str, words: str = ""
) -> bool:
    """Keep what the far side says about one part; False for a delivery that is not ours.

    Out of order, repeated or about an earlier try: nothing changes. The caller holds the scope.
    """
    if not Delivery.objects.filter(pk=delivery_id, channel=channel).exists():
        return False
    delivery = _locked(delivery_id)
    known = part in delivery.remote or delivery.state in _PARTS_UNKNOWN
    if not known or not is_newer(status, delivery.remote.get(part, "")):
        return True
    delivery.remote = {**delivery.remote, part: status}
    delivery.save(update_fields=["remote"])
    if delivery.state in _SETTLED:
        _settle(delivery, words)
    return True


def _locked(delivery_id: int) -> Delivery:
    Delivery.objects.select_for_update().get(pk=delivery_id)
    rows = Delivery.objects.select_related("message__ticket", "organization")
    return rows.get(pk=delivery_id)


def _settle(delivery: Delivery, words: str) -> None:
    with translation.override(delivery.organization.language):
        found = outcome(delivery.remote.values())
        if found is Outcome.FAILED:
            settle(delivery, Step.FAILED, words or _("The message did not arrive."))
        elif found is Outcome.ARRIVED:
            settle(delivery, Step.SENT, _("Arrived on the telephone"))
        else:
            settle(delivery, Step.SENT, _("On its way to the telephone"))
