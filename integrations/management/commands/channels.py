"""`manage.py channels`: set channels up and look after them, each answer one clear sentence."""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from integrations import registry, syncing
from integrations.actions.braking import release_brake
from integrations.actions.channels import (
    add_channel,
    change_channel,
    pause_channel,
    resume_channel,
)
from integrations.base import TransportError
from integrations.kinds import Of
from integrations.models import Channel
from integrations.selectors import Health, find_channel, find_organization, health, webhook_address
from omnidesk.accounts.models import Organization, Team
from omnidesk.core.errors import BadInput
from omnidesk.core.tenancy import system_scope
from omnidesk.core.vault import UnreadableSecret
from tickets.models import Category

# Columns of every channel that --set reaches as well.
_YES: Final = {"1", "true", "yes", "on"}


class Command(BaseCommand):
    """Channels on the command line."""

    help = _("Add, list, test, fetch, change, pause and resume channels.")

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        verbs.add_parser("kinds", help=_("the kinds of channels and their settings"))
        listed = verbs.add_parser("list", help=_("every channel and how it is"))
        listed.add_argument("--json", action="store_true", help=_("for programs"))
        added = verbs.add_parser("add", help=_("a new channel"))
        added.add_argument("kind")
        added.add_argument("--name", required=True)
        added.add_argument("--organization", required=True)
        _settings(added)
        for verb, words in (
            ("set", _("change settings")),
            ("test", _("reach the far side, change nothing")),
            ("sync", _("fetch what is new now")),
            ("pause", _("stop taking in and sending")),
            ("resume", _("work again")),
        ):
            one = verbs.add_parser(verb, help=words)
            one.add_argument("name", help=_("name, short name or number"))
            one.add_argument("--organization", default="")
            if verb == "set":
                _settings(one)
            if verb == "pause":
                one.add_argument("--reason", default="")

    def handle(self, *_args: Any, **options: Any) -> None:
        verb: Callable[[dict[str, Any]], str] = getattr(self, f"_{options['verb']}")
        try:
            self.stdout.write(verb(options))
        except (BadInput, UnreadableSecret, TransportError) as problem:
            field = getattr(problem, "field", "")
            words = f"{field}: {problem}" if field and field not in {"name", "kind"} else problem
            raise CommandError(str(words)) from problem

    def _kinds(self, _options: dict[str, Any]) -> str:
        lines = []
        for kind in registry.kinds().values():
            lines.append(f"{kind.key}: {kind.summary}")
            for one in kind.settings:
                marks = [one.of.value, *(["needed"] if one.required else [])]
                if one.choices:
                    marks.append("|".join(key for key, _label in one.choices))
                lines.append(f"  {one.name} ({', '.join(marks)}): {one.label}. {one.help}".rstrip())
        return "\n".join(lines)

    def _list(self, options: dict[str, Any]) -> str:
        with system_scope():
            rows = health(Channel.objects.select_related("organization").order_by("pk"))
        if options["json"]:
            return json.dumps([_as_json(row) for row in rows], ensure_ascii=False, indent=2)
        if not rows:
            return _("There is no channel yet.")
        return "\n".join(
            f"{row.channel.slug}  {row.channel.kind}  {row.channel.organization.slug}  "
            f"{row.state}: {row.words}"
            for row in rows
        )

    def _add(self, options: dict[str, Any]) -> str:
        with system_scope():
            organization = find_organization(options["organization"])
            given, fields = _given(options, organization)
            channel, made_up = add_channel(
                organization=organization,
                kind=options["kind"],
                name=options["name"],
                given=given,
                **fields,
            )
            lines = [_("Channel “%(name)s” is active.") % {"name": channel.name}]
            if address := webhook_address(channel):
                lines.append(_("The far side calls %(address)s") % {"address": address})
        for name, value in made_up.items():
            words = _("%(name)s, shown only this once: %(value)s")
            lines.append(words % {"name": name, "value": value})
        return "\n".join(lines)

    def _set(self, options: dict[str, Any]) -> str:
        with _channel(options) as channel:
            given, fields = _given(options, channel.organization)
            change_channel(channel=channel, given=given, **fields)
        return _("Channel “%(name)s” is changed.") % {"name": channel.name}

    def _test(self, options: dict[str, Any]) -> str:
        with _channel(options) as channel:
            pass  # no transaction stays open while the far side is asked
        return f"{channel.name}: {registry.test(channel)}"

    def _sync(self, options: dict[str, Any]) -> str:
        with _channel(options) as channel:
            if not channel.is_active:
                raise BadInput(_("“%(name)s” is paused. Resume it first.") % {"name": channel.name})
        taken = syncing.fetch_now(channel)
        return _("%(name)s: %(count)d new.") % {"name": channel.name, "count": taken}

    def _pause(self, options: dict[str, Any]) -> str:
        with _channel(options) as channel:
            reason = options["reason"] or _("Paused on the command line.")
            if not pause_channel(channel=channel, reason=reason):
                raise BadInput(_("“%(name)s” is paused already.") % {"name": channel.name})
        return _("Channel “%(name)s” is paused.") % {"name": channel.name}

    def _resume(self, options: dict[str, Any]) -> str:
        with _channel(options) as channel:
            # Whoever types this wants the mail to flow, whichever of the two stops it.
            if channel.braked_at is not None:
                release_brake(channel=channel)
            if channel.braked_at is None or not channel.is_active:
                resume_channel(channel=channel)
        return _("Channel “%(name)s” works again.") % {"name": channel.name}


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="given")
    parser.add_argument(
        "--set-from", action="append", default=[], metavar="KEY=FILE", dest="given_files",
        help=_("take the value from a file, so that no secret stands on the command line"),
    )  # fmt: skip


@contextmanager
def _channel(options: dict[str, Any]) -> Iterator[Channel]:
    with system_scope():
        yield find_channel(options["name"], options["organization"])


def _given(
    options: dict[str, Any], organization: Organization
) -> tuple[dict[str, str], dict[str, Any]]:
    """What --set and --set-from say: the kind's settings, and columns of the channel."""
    pairs: dict[str, str] = {}
    for text in options["given"]:
        key, value = _pair(text, "--set")
        pairs[key] = value
    for text in options["given_files"]:
        key, file = _pair(text, "--set-from")
        try:
            pairs[key] = Path(file).read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(_("The file cannot be read: %(why)s") % {"why": problem}, key) from None
    fields: dict[str, Any] = {}
    if "accepts_strangers" in pairs:
        fields["accepts_strangers"] = pairs.pop("accepts_strangers").lower() in _YES
    if "team" in pairs:
        fields["default_team"] = _named(Team, organization, pairs.pop("team"), "team")
    if "category" in pairs:
        fields["default_category"] = _named(
            Category, organization, pairs.pop("category"), "category"
        )
    return pairs, fields


def _pair(text: str, option: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        raise BadInput(_("Write %(option)s key=value, not “%(text)s”.") % {
            "option": option, "text": text[:60],
        })  # fmt: skip
    return key.strip(), value


def _named(model: Any, organization: Organization, name: str, field: str) -> Any:
    if not name:
        return None
    found = model.objects.filter(organization=organization, name__iexact=name).first()
    if found is None:
        raise BadInput(_("%(organization)s has none called “%(name)s”.") % {
            "organization": organization, "name": name[:80],
        }, field)  # fmt: skip
    return found


def _as_json(row: Health) -> dict[str, Any]:
    channel = row.channel
    declared = registry.kind_of(channel.kind).settings
    return {
        "id": channel.pk,
        "name": channel.name,
        "slug": channel.slug,
        "kind": channel.kind,
        "organization": channel.organization.slug,
        "address": channel.address,
        "state": row.state,
        "words": row.words,
        "last_success_at": channel.last_success_at and channel.last_success_at.isoformat(),
        "last_polled_at": channel.last_polled_at and channel.last_polled_at.isoformat(),
        "last_error": channel.last_error,
        "waiting": row.waiting,
        "oldest_waiting_at": row.oldest_waiting and row.oldest_waiting.isoformat(),
        "failed_today": row.failed,
        "quarantined": row.quarantined,
        "webhook": row.webhook,
        "settings": channel.settings,
        "secrets_set": [
            one.name for one in declared
            if one.of is Of.SECRET and one.name in channel.sealed_secrets
        ],
    }  # fmt: skip
