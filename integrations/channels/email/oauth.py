"""Access tokens for mailboxes that take no passwords (RFC 6749, SASL XOAUTH2).

Microsoft 365: the application signs in by itself (client credentials). Google: a refresh token
that a person granted once. The access token lies sealed on the channel with the moment it ends
and a mark of the credentials it came from, so that a changed secret never meets an old token.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import structlog
from django.utils.translation import gettext as _

from integrations.actions.channels import keep_secret
from integrations.base import TransportError
from integrations.models import Channel
from omnidesk.core.http import HttpDoor, HttpProblem
from omnidesk.core.tenancy import organization_scope
from omnidesk.core.text import one_line
from omnidesk.core.vault import UnreadableSecret

logger = structlog.get_logger(__name__)
KEPT: Final = "oauth_access"  # name of the sealed access token
EARLY: Final = 300  # seconds before its end in which a token is not used any more
LONGEST_TOKEN: Final = 20_000
MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
MICROSOFT_SCOPE: Final = "https://outlook.office365.com/.default"
GOOGLE: Final = "https://oauth2.googleapis.com/token"
# Nothing but a person can mend these (RFC 6749, 5.2).
_FINAL: Final = frozenset(
    {"invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "access_denied"}
)


def uses_oauth(channel: Channel) -> bool:
    """Whether the mailbox signs in with a token instead of its password."""
    return channel.settings.get("sign_in") in {"microsoft", "google"}


def sasl(user: str, token: str) -> str:
    """The XOAUTH2 answer, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def access_token(channel: Channel) -> str:
    """A token that is good for some minutes, fetched where there is none. Raises TransportError.

    No transaction is open meanwhile; two processes at once fetch two tokens, and both are good.
    """
    try:
        request = _request(channel)
        kept = _kept(channel, request.mark)
    except UnreadableSecret as problem:
        raise TransportError(str(problem)) from problem
    if kept:
        return kept
    answer = _ask(request)
    token, seconds = _token_of(answer)
    sealed = json.dumps({"token": token, "until": time.time() + seconds, "mark": request.mark})
    news = {KEPT: sealed}
    renewed = answer.get("refresh_token")
    if isinstance(renewed, str) and request.form["grant_type"] == "refresh_token":
        news["oauth_refresh_token"] = renewed[:LONGEST_TOKEN]
        # The mark covers the refresh token: the next request will be marked by the new one.
        news[KEPT] = json.dumps({**json.loads(sealed), "mark": request.marked_with(renewed)})
    with organization_scope(channel.organization_id):
        channel.sealed_secrets = keep_secret(channel=channel, **news).sealed_secrets
    logger.info("oauth_token_fetched", channel=channel.pk, seconds=int(seconds))
    return token


def forget_token(channel: Channel) -> None:
    """The far side did not accept it: the next sign-in fetches another."""
    with organization_scope(channel.organization_id):
        channel.sealed_secrets = keep_secret(channel=channel, **{KEPT: ""}).sealed_secrets


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    form: dict[str, str]

    @property
    def mark(self) -> str:
        """A fingerprint of the credentials."""
        return hashlib.sha256(json.dumps([self.url, self.form]).encode()).hexdigest()

    def marked_with(self, refresh_token: str) -> str:
        """The mark of the same request with another refresh token."""
        return _Request(self.url, {**self.form, "refresh_token": refresh_token}).mark


def _request(channel: Channel) -> _Request:
    given = channel.settings
    form = {
        "client_id": str(given.get("oauth_client_id", "")),
        "client_secret": channel.secret("oauth_client_secret"),
    }
    if given.get("sign_in") == "microsoft":
        tenant = quote(str(given.get("oauth_tenant", "")), safe="")
        url = str(given.get("oauth_token_url") or MICROSOFT.format(tenant=tenant or "common"))
        form |= {"grant_type": "client_credentials", "scope": MICROSOFT_SCOPE}
    else:
        url = str(given.get("oauth_token_url") or GOOGLE)
        form |= {
            "grant_type": "refresh_token",
            "refresh_token": channel.secret("oauth_refresh_token"),
        }
    if not form["client_id"] or "" in form.values():
        raise TransportError(
            _("The sign-in with a token needs a client ID, its secret and what belongs to them.")
        )
    return _Request(url, form)


def _kept(channel: Channel, mark: str) -> str:
    try:
        kept = json.loads(channel.secret(KEPT) or "{}")
    except ValueError:
        return ""
    good = kept.get("mark") == mark and float(kept.get("until", 0)) - EARLY > time.time()
    return str(kept["token"]) if good else ""


def _ask(request: _Request) -> dict[str, Any]:
    try:
        with HttpDoor(tries=2, size_limit=200_000) as door:
            answer = door.request(
                "POST", request.url, data=request.form, accept=(400, 401, 403), repeat=True
            )
            told = answer.json()
    except HttpProblem as problem:
        raise TransportError(problem.message, retry_after=problem.retry_after or 0) from problem
    if not isinstance(told, dict):
        told = {}
    if answer.status >= 400 or "error" in told:
        raise _refusal(told, answer.status)
    return told


def _refusal(told: dict[str, Any], status: int) -> TransportError:
    error = str(told.get("error", status))[:80]
    words = one_line(str(told.get("error_description") or error), 200)
    return TransportError(
        _("No token was given for the mailbox: %(words)s") % {"words": words},
        refused=error in _FINAL or status == 401,
    )


def _token_of(told: dict[str, Any]) -> tuple[str, float]:
    token = told.get("access_token")
    printable = isinstance(token, str) and token.isascii() and token.isprintable()
    if not printable or not 0 < len(str(token)) <= LONGEST_TOKEN:
        raise TransportError(_("The server for tokens answered without a usable token."))
    try:
        seconds = float(told.get("expires_in", 3600))
    except (TypeError, ValueError):
        seconds = 3600.0
    return str(token), min(max(seconds, 0.0), 86_400.0)
