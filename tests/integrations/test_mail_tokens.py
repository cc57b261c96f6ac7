"""Mailboxes that sign in with tokens: IMAP, POP3 and SMTP."""

import json
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from integrations import delivery as sending
from integrations.base import TransportError
from integrations.channels.email import oauth
from integrations.channels.email.kind import KIND
from integrations.kinds import fill
from integrations.models import Channel, Step
from omnidesk.core.errors import BadInput
from omnidesk.core.http import reset_breakers
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.imap import Mailbox
from tests.fakes.oauth import TokenServer
from tests.fakes.pop3 import Maildrop
from tests.fakes.smtp import OutsideServer
from tests.integrations.test_delivery import again, answer, ask
from tests.integrations.test_imap import letter, poll, reread, tickets


@pytest.fixture
def tokens(settings: Settings) -> Iterator[TokenServer]:
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    reset_breakers()
    one = TokenServer()
    one.server.start()
    yield one
    one.server.stop()
    assert one.violations == []


def use(channel: Channel, tokens: TokenServer, port: int, **more: object) -> None:
    channel.settings = {
        "sign_in": "microsoft", "oauth_tenant": "t-1", "oauth_client_id": tokens.client,
        "oauth_token_url": tokens.url, "imap_host": "127.0.0.1", "imap_port": port,
        "imap_security": "plain", "imap_user": "desk", "pop_delete": True, **more,
    }  # fmt: skip
    channel.set_secret("oauth_client_secret", tokens.secret)
    channel.set_secret("oauth_refresh_token", tokens.refresh)
    with organization_scope(channel.organization_id):
        channel.save()


def test_imap_signs_in_with_a_token_that_is_kept_sealed_and_used_again(
    live_channel: Channel, tokens: TokenServer
) -> None:
    box = Mailbox()
    box.token = "token-1"
    box.start()
    use(live_channel, tokens, box.port)
    box.put(letter(1))
    assert poll(live_channel) == 1
    box.put(letter(2))
    assert poll(live_channel) == 1
    assert tokens.given == ["token-1"]
    row = reread(live_channel)
    assert "token-1" not in json.dumps([row.sealed_secrets, row.settings, row.cursor])
    assert json.loads(row.secret("oauth_access"))["token"] == "token-1"
    box.stop()
    assert box.violations == []


def test_pop3_signs_in_with_a_token(live_channel: Channel, tokens: TokenServer) -> None:
    drop = Maildrop(token="token-1")
    drop.start()
    use(live_channel, tokens, drop.port, protocol="pop3", sign_in="google")
    drop.put(letter(1))
    assert poll(live_channel) == 1
    drop.stop()
    assert drop.violations == []


def test_answers_leave_by_the_mailboxs_own_server_with_a_token(
    live_cast: Cast, live_channel: Channel, tokens: TokenServer
) -> None:
    server = OutsideServer()
    server.token = "token-1"
    server.start()
    use(live_channel, tokens, 1, smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="smtp")
    row = answer(live_cast, ask(live_cast, live_channel))
    assert sending.deliver(row.organization_id, row.pk) == Step.SENT
    assert len(server.mails) == 1
    server.token = "token-2"  # the far side ended the first one early
    row = answer(live_cast, ask(live_cast, live_channel))
    sending.deliver(row.organization_id, row.pk)
    assert again(row).state == Step.QUEUED
    assert "Sign-in refused" in again(row).error
    assert oauth.access_token(reread(live_channel)) == "token-2"
    server.stop()


def test_a_token_is_renewed_before_it_ends(live_channel: Channel, tokens: TokenServer) -> None:
    tokens.lives = 240  # less than the five minutes in which a token counts as old
    use(live_channel, tokens, 1)
    first = oauth.access_token(reread(live_channel))
    assert oauth.access_token(reread(live_channel)) != first


def test_a_changed_secret_never_uses_the_old_token(
    live_channel: Channel, tokens: TokenServer
) -> None:
    use(live_channel, tokens, 1)
    oauth.access_token(live_channel)
    tokens.secret = "another"
    live_channel.set_secret("oauth_client_secret", "another")
    assert oauth.access_token(live_channel) == "token-2"


def test_a_renewed_refresh_token_takes_the_place_of_the_old_one(
    live_channel: Channel, tokens: TokenServer
) -> None:
    use(live_channel, tokens, 1, sign_in="google")
    tokens.renews = "refresh-2"
    oauth.access_token(live_channel)
    row = reread(live_channel)
    assert row.secret("oauth_refresh_token") == "refresh-2"
    assert oauth.access_token(row) == "token-1"


def test_a_withdrawn_grant_pauses_the_channel_with_the_servers_words(
    live_channel: Channel, tokens: TokenServer
) -> None:
    use(live_channel, tokens, 1, sign_in="google")
    tokens.refuses = "invalid_grant"
    for _ in range(5):
        poll(live_channel)
    row = reread(live_channel)
    assert not row.is_active
    assert "the grant was withdrawn" in row.pause_reason
    assert tickets(live_channel) == 0


def test_a_token_server_that_is_away_does_not_count_as_a_refusal(
    live_channel: Channel, tokens: TokenServer
) -> None:
    use(live_channel, tokens, 1, oauth_token_url="http://127.0.0.1:1/token")
    for _ in range(6):
        poll(live_channel)
    row = reread(live_channel)
    assert row.is_active
    assert "cannot be reached" in row.last_error or "left alone" in row.last_error


@pytest.mark.parametrize("lives", ["soon", None, -5, 1e300, [1]])
def test_nonsense_about_a_tokens_life_is_survived(
    live_channel: Channel, tokens: TokenServer, lives: object
) -> None:
    tokens.lives = lives
    use(live_channel, tokens, 1)
    assert oauth.access_token(live_channel) == "token-1"


def test_a_mailbox_without_its_client_says_what_is_missing(
    live_channel: Channel, tokens: TokenServer
) -> None:
    use(live_channel, tokens, 1)
    live_channel.settings = {"sign_in": "google"}
    with pytest.raises(TransportError, match="client ID"):
        oauth.access_token(live_channel)


def test_secrets_are_sent_over_an_encrypted_line_only() -> None:
    with pytest.raises(BadInput, match="https"):
        fill(KIND, {"address": "a@b.example", "oauth_token_url": "http://login.example/token"})
