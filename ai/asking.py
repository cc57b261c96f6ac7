"""Questions as the web sends them to the ai-worker: JSON, with the audience spelt out."""

from collections.abc import Sequence
from typing import Any

from ai.access import Audience
from omnidesk.accounts.models import User
from tickets.models import Ticket

DESK_KINDS = ("article", "document", "response")
PUBLIC_KINDS = ("article", "document")


def question_of(
    *,
    organization_id: int,
    audience: Audience,
    text: str,
    kinds: Sequence[str],
    language: str = "",
    names: Sequence[str] = (),
    purpose: str = "chat",
    ticket: Ticket | None = None,
    earlier: str = "",
    staffed_kinds: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The fields of `pipeline.answering.Asked`, with `staffed` and `public` for its audience."""
    return {
        "organization_id": organization_id,
        "staffed": list(audience.staffed),
        "public": list(audience.public),
        "text": text,
        "kinds": list(kinds),
        "earlier": earlier,
        "language": language,
        "names": [name for name in names if name],
        "purpose": purpose,
        "ticket_id": ticket.pk if ticket else None,
        "staffed_kinds": list(staffed_kinds) if staffed_kinds is not None else None,
    }


def audience_in(user: User, organization_id: int) -> Audience:
    """What `user` may be told of one organization."""
    if organization_id in user.staffed_organization_ids():
        return Audience((organization_id,))
    if organization_id in user.visible_organization_ids():
        return Audience((), (organization_id,))
    return Audience()


def for_requester(organization_id: int) -> dict[str, Any]:
    """Audience and kinds of words that go to a requester: public knowledge, and what solved
    other tickets (without names, as drafts quote it)."""
    return {
        "audience": Audience((organization_id,), (organization_id,)),
        "kinds": DESK_KINDS,
        "staffed_kinds": ("response",),
    }
