"""Automatic answers for tests: an article, a category that may send, an answer that waits."""

from datetime import timedelta
from typing import Any

from ai.models import AutomaticAnswer, Autonomy
from omnidesk.core.clock import now
from tests.cast import Cast
from tickets.actions.intake import Triage
from tickets.actions.knowledge import save_article
from tickets.models import Article, Category, Ticket

LINE = "Set the MTU of the VPN adapter to 1400."
BODY = f"The VPN client drops on home routers.\n\n1. Open the VPN client's settings.\n2. {LINE}\n"


def vpn_article(cast: Cast, **more: Any) -> Article:
    """The published article that answers; call inside a scope of Nordwerk."""
    return save_article(
        organization_id=cast.nordwerk.pk,
        title="VPN disconnects every few minutes",
        body=BODY,
        author=cast.bob,
        **more,
    )


def may(cast: Cast, level: str, category: Category | None = None, floor: float = 0.0) -> Autonomy:
    """A category at a level."""
    row, _ = Autonomy.objects.update_or_create(
        category=category or cast.vpn,
        defaults={
            "organization_id": cast.nordwerk.pk, "level": level, "floor": floor,
        },
    )  # fmt: skip
    return row


def waiting(
    cast: Cast, article: Article, ticket: Ticket | None = None, **more: Any
) -> AutomaticAnswer:
    """An answer whose time has come, on a new ticket of Dana's."""
    ticket = ticket or cast.ticket(triage=Triage(category=cast.vpn))
    values: dict[str, Any] = {
        "level": "send",
        "state": "held",
        "text": f"1. {LINE} [1]",
        "sources": [{"number": 1, "kind": "article", "id": article.pk, "title": article.title}],
        "confidence": 0.9,
        "language": "en",
        "send_at": now() - timedelta(seconds=1),
        **more,
    }
    return AutomaticAnswer.objects.create(
        organization_id=ticket.organization_id, ticket=ticket, category=cast.vpn, **values
    )


def judged(
    cast: Cast, count: int, *, right: bool = True, outcome: str = "same", state: str = "shadow",
    reopened: bool = False,
) -> list[AutomaticAnswer]:  # fmt: skip
    """Answers of the past that were compared already."""
    found = []
    for _ in range(count):
        ticket = cast.ticket(triage=Triage(category=cast.vpn))
        found.append(
            AutomaticAnswer.objects.create(
                organization_id=ticket.organization_id, ticket=ticket, category=cast.vpn,
                level="suggest", state=state, text="x [1]", confidence=0.85, is_right=right,
                outcome=outcome, judged_at=now(), reopened_at=now() if reopened else None,
            )
        )  # fmt: skip
    return found
