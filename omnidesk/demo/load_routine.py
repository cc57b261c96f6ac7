"""Writes the demo desk's macros and rules, through the same checks as everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omnidesk.accounts.models import Organization, Team, User
from omnidesk.demo.content.fields import LANGUAGES
from omnidesk.demo.content.routine import MACROS, RULES, DemoRule
from tickets.actions.rules import RuleContent, check_parts, save_rule, switch_rule
from tickets.models import Macro


def write_routine(organization: Organization, teams: Mapping[str, Team], author: User) -> None:
    """Macros in every language (offered by the ticket's), rules in the organization's own."""
    for macro in MACROS:
        _condition, actions = check_parts(organization.pk, None, list(macro.actions), macros=True)
        Macro.objects.bulk_create(
            Macro(
                organization=organization,
                name=macro.name[place],
                text=macro.text[place],
                actions=actions,
                language=language,
            )
            for place, language in enumerate(LANGUAGES)
        )
    spoken = LANGUAGES.index(organization.language) if organization.language in LANGUAGES else 0
    for number, one in enumerate(RULES, 1):
        content = RuleContent(
            name=one.name[spoken],
            description=one.description[spoken],
            kind=one.kind,
            triggers=list(one.triggers),
            condition=one.condition,
            actions=_actions(one, teams, spoken),
            position=number * 10,
        )
        rule = save_rule(organization_id=organization.pk, content=content, author=author)
        if one.on:
            switch_rule(rule=rule, on=True)


def _actions(rule: DemoRule, teams: Mapping[str, Team], spoken: int) -> list[dict[str, Any]]:
    made = []
    for place, action in enumerate(rule.actions):
        filled = dict(action)
        if "team" in filled:
            filled["team"] = teams[filled["team"]].pk
        if place in rule.words:
            filled["text"] = rule.words[place][spoken]
        made.append(filled)
    return made
