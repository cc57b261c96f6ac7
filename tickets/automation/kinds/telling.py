"""Tell somebody, in their list of notifications and by e-mail as they wish."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.accounts.models import TeamMembership
from tickets.actions.notify import Notice, notify
from tickets.automation.filling import filled
from tickets.automation.kinds.reply import shortened
from tickets.automation.registry import ActionKind, Doing, Names, Param, ParamKind, register
from tickets.conditions import Choice
from tickets.models import Ticket, Watch
from tickets.notices import Kind
from tickets.placeholders import check_placeholders

_WHO = {
    "assignee": gettext_lazy("whoever has it"),
    "team": gettext_lazy("its team"),
    "followers": gettext_lazy("its followers"),
    "person": gettext_lazy("one agent"),
    "one_team": gettext_lazy("one team"),
}


class Tell(ActionKind):
    """A line for people who may see the ticket; nobody else is ever told."""

    name = "notify"
    label = gettext_lazy("Tell somebody")
    icon = "bell"
    params = (
        Param(
            "who", ParamKind.CHOICE, gettext_lazy("Whom"),
            tuple(Choice(value, words) for value, words in _WHO.items()),
        ),
        Param(
            "person", ParamKind.ROW, gettext_lazy("Agent"), source="agent",
            only_with=("who", ("person",)),
        ),
        Param(
            "team", ParamKind.ROW, gettext_lazy("Team"), source="team",
            only_with=("who", ("one_team",)),
        ),
        Param("text", ParamKind.LINE, gettext_lazy("Text")),
    )  # fmt: skip

    def check(self, params: dict[str, Any]) -> None:
        """Refuse names in braces that nothing fills in."""
        check_placeholders(params["text"])

    def words(self, params: Mapping[str, Any], names: Names) -> str:
        """Such as "Tell its team: VPN is down"."""
        who = str(_WHO[params["who"]])
        for source, key in (("agent", params.get("person")), ("team", params.get("team"))):
            who = names.get(source, {}).get(key, who)
        return _("Tell %(who)s: %(text)s") % {"who": who, "text": shortened(params["text"])}

    def apply(self, ticket: Ticket, params: Mapping[str, Any], doing: Doing) -> None:
        """Write it into their lists; where nobody is there to be told, the log says so."""
        by = doing.actor.user
        told = notify(
            Notice(
                kind=Kind.RULE,
                ticket=ticket,
                people=_people(ticket, params),
                by=by.pk if by else None,
                actor_name=doing.actor.label,
                # Two rules that speak of one ticket say two things.
                about=f"rule:{doing.actor.chain[-1] if doing.actor.chain else 0}:{ticket.pk}",
                detail=filled(params["text"], ticket, by),
            )
        )
        if not told:
            doing.notes.append(_("Nobody was there to be told."))


def _people(ticket: Ticket, params: Mapping[str, Any]) -> Iterable[int]:
    who = params["who"]
    if who == "person":
        return [params["person"]]
    if who == "assignee":
        return [ticket.assignee_id] if ticket.assignee_id else []
    if who == "followers":
        return Watch.objects.filter(ticket=ticket).values_list("user_id", flat=True)
    team: int | None = params["team"] if who == "one_team" else ticket.team_id
    if team is None:
        return []
    members = TeamMembership.objects.filter(
        organization_id=ticket.organization_id, team_id=team, team__is_active=True
    )
    return members.values_list("user_id", flat=True)


register(Tell())
