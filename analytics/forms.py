"""The question of a simulation: other times or another calendar for a policy, other numbers of
agents."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from omnidesk.accounts.models import Team
from tickets.choices import Priority
from tickets.models import BusinessCalendar, SlaPolicy
from tickets.models.sla import LONGEST_TARGET
from tickets.sla_rules import Metric

MOST_AGENTS = 200


class SimulationForm(forms.Form):
    """Filled with what is; only what differs is asked. Queries: 3 (policy's times, calendars,
    teams)."""

    calendar = forms.ChoiceField(
        label=gettext_lazy("Business calendar"), required=False,
        help_text=gettext_lazy("Whose hours count."),
    )  # fmt: skip

    def __init__(self, data: Any, *, organization_id: int, policy: SlaPolicy | None) -> None:
        """For one policy of one organization; without a policy only agents can be changed."""
        super().__init__(data)
        self.policy = policy
        self.teams = list(
            Team.objects.filter(organization_id=organization_id, is_active=True).annotate(
                staff=Count("team_memberships", filter=Q(team_memberships__user__is_active=True))
            )
        )
        self.before: dict[str, int | None] = {}
        if policy is None:
            del self.fields["calendar"]
        else:
            self._add_policy(policy, organization_id)
        for team in self.teams:
            self._number(f"agents_{team.pk}", _("Agents: %(team)s") % {"team": team.name},
                         team.staff, 0, MOST_AGENTS)  # fmt: skip

    def _add_policy(self, policy: SlaPolicy, organization_id: int) -> None:
        calendars = BusinessCalendar.objects.filter(organization_id=organization_id)
        field = self.fields["calendar"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(str(one.pk), one.name) for one in calendars]
        field.initial = str(policy.calendar_id)
        targets = {target.priority: target for target in policy.targets.all()}
        for priority in reversed(Priority):
            for metric in Metric:
                value = getattr(targets.get(priority.value), metric.value, None)
                label = f"{priority.label}: {metric.label}"
                self._number(f"{priority.value}_{metric.value}", label, value, 1, LONGEST_TARGET)

    def _number(self, name: str, label: str, value: int | None, low: int, high: int) -> None:
        self.before[name] = value
        self.fields[name] = forms.IntegerField(
            label=label, required=False, initial=value, min_value=low, max_value=high
        )

    def clean(self) -> dict[str, Any]:
        """A team that loses all its people answers nothing: refused."""
        values = super().clean() or self.cleaned_data
        for team in self.teams:
            name = f"agents_{team.pk}"
            if name in values and team.staff and not values[name]:
                self.add_error(name, _("A team needs at least one agent."))
            elif values.get(name) and not team.staff:
                self.add_error(name, _("Nobody is in this team yet: there is nothing to compare."))
        return values

    def asked(self) -> dict[str, Any]:
        """The question as the simulation keeps it: only what differs."""
        values = self.cleaned_data
        found: dict[str, Any] = {}
        if self.policy is not None:
            found |= {"policy": self.policy.pk, "policy_name": self.policy.name}
            targets = self._targets(values)
            if any(self._differs(name, values) for name in self.before if "agents_" not in name):
                found["targets"] = targets
            chosen = values.get("calendar")
            if chosen and chosen != str(self.policy.calendar_id):
                names = dict(self.fields["calendar"].choices)  # type: ignore[attr-defined]
                found |= {"calendar": int(chosen), "calendar_name": names[chosen]}
        agents = {
            str(team.pk): {"now": team.staff, "then": values[f"agents_{team.pk}"]}
            for team in self.teams
            if team.staff and self._differs(f"agents_{team.pk}", values)
        }
        return found | ({"agents": agents} if agents else {})

    def _differs(self, name: str, values: Mapping[str, Any]) -> bool:
        return values.get(name) != self.before[name]

    def _targets(self, values: Mapping[str, Any]) -> dict[str, dict[str, int | None]]:
        return {
            priority: {metric: values.get(f"{priority}_{metric}") for metric in Metric.values}
            for priority in Priority.values
        }

    def target_rows(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The times as the page shows them: a row for each priority."""
        if self.policy is None:
            return []
        return [
            (str(priority.label), [self[f"{priority.value}_{metric}"] for metric in Metric.values])
            for priority in reversed(Priority)
        ]

    def agent_fields(self) -> list[forms.BoundField]:
        """One field for each team."""
        return [self[f"agents_{team.pk}"] for team in self.teams]
