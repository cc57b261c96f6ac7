"""`manage.py channels`: one clear sentence each, exit codes right, secrets never shown."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from integrations.models import Channel
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.fakes.imap import Mailbox

ADD = ("add", "email", "--name", "IT desk", "--organization", "nordwerk")


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("channels", *arguments, stdout=out)
    return out.getvalue().strip()


def only(cast: Cast) -> Channel:
    with organization_scope(cast.nordwerk.pk):
        return Channel.objects.select_related("default_team").get()


def test_a_channel_is_added_with_its_settings_and_its_secret_sealed(
    live_cast: Cast, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("open sesame\n")
    words = run(
        *ADD, "--set", "address=Desk@Nordwerk.example", "--set", "imap_host=imap.example",
        "--set", "team=Network & VPN", "--set", "accepts_strangers=no",
        "--set-from", f"password={secret}",
    )  # fmt: skip
    assert words == "Channel “IT desk” is active."
    channel = only(live_cast)
    assert (channel.address, channel.slug) == ("desk@nordwerk.example", "it-desk")
    assert channel.settings == {"imap_host": "imap.example"}
    assert (channel.default_team, channel.accepts_strangers) == (live_cast.network, False)
    assert channel.secret("password") == "open sesame"
    listed = run("list", "--json")
    assert "open sesame" not in listed
    [row] = json.loads(listed)
    assert (row["slug"], row["state"], row["secrets_set"]) == ("it-desk", "ok", ["password"])
    assert "Nothing has come through yet." in run("list")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "fax", "--name", "X", "--organization", "nordwerk"), "no kind of channel"),
        (("add", "email", "--name", "X", "--organization", "nobody"), "no organization called"),
        (ADD, "“Address” is needed"),
        ((*ADD, "--set", "address=nonsense"), "address: "),
        ((*ADD, "--set", "address=a+b@c.example"), "without its + part"),
        ((*ADD, "--set", "address=a@b.example", "--set", "colour=red"), "is no setting"),
        ((*ADD, "--set", "address=a@b.example", "--set", "imap_port=many"), "a whole number"),
        ((*ADD, "--set", "address=a@b.example", "--set", "imap_port=99999"), "from 1 to 65535"),
        ((*ADD, "--set", "address=a@b.example", "--set", "imap_security=rot13"), "is not one of"),
        ((*ADD, "--set", "address=a@b.example", "--set", "team=Nobody"), "has none called"),
        ((*ADD, "--set", "address"), "key=value"),
        ((*ADD, "--set-from", "password=/does/not/exist"), "cannot be read"),
        ((*ADD, "--set", "address=a@b.example", "--set", f"imap_host={'x' * 5000}"), "at most"),
        (("test", "nobody"), "no channel called"),
        (("pause", "nobody"), "no channel called"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    live_cast: Cast, arguments: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(CommandError, match=r"\w") as problem:
        run(*arguments)
    assert sentence in str(problem.value)
    with organization_scope(live_cast.nordwerk.pk):
        assert not Channel.objects.exists()


def test_one_address_is_one_channel_in_all_organizations(live_cast: Cast) -> None:
    run(*ADD, "--set", "address=a@b.example")
    for name, organization in (("IT desk", "nordwerk"), ("Other", "nordwerk"), ("X", "lumen")):
        with pytest.raises(CommandError):
            run(
                "add", "email", "--name", name, "--organization", organization,
                "--set", "address=a@b.example",
            )  # fmt: skip


def test_the_same_name_in_two_organizations_needs_more_words(live_cast: Cast) -> None:
    run(*ADD, "--set", "address=a@b.example")
    run(
        "add",
        "email",
        "--name",
        "IT desk",
        "--organization",
        "lumen",
        "--set",
        "address=b@c.example",
    )
    with pytest.raises(CommandError, match="Several channels"):
        run("pause", "IT desk")
    assert "is paused" in run("pause", "IT desk", "--organization", "lumen")
    with pytest.raises(CommandError, match="paused already"):
        run("pause", "it-desk-2")
    assert "works again" in run("resume", "it-desk-2")
    with pytest.raises(CommandError, match="is not paused"):
        run("resume", "it-desk-2")


def test_settings_change_and_the_rest_stays(live_cast: Cast) -> None:
    run(*ADD, "--set", "address=a@b.example", "--set", "password=x", "--set", "imap_user=me")
    assert "is changed" in run("set", "it-desk", "--set", "imap_folder=Desk")
    channel = only(live_cast)
    assert channel.settings == {"imap_user": "me", "imap_folder": "Desk"}
    assert (channel.address, channel.secret("password")) == ("a@b.example", "x")


def test_test_and_sync_reach_the_far_side(live_cast: Cast) -> None:
    box = Mailbox()
    box.start()
    try:
        run(
            *ADD, "--set", "address=a@b.example", "--set", "imap_host=127.0.0.1",
            "--set", f"imap_port={box.port}", "--set", "imap_security=plain",
            "--set", "imap_user=desk", "--set", f"password={box.password}",
        )  # fmt: skip
        assert "0 mails, 0 unread" in run("test", "it-desk")
        assert run("sync", "it-desk") == "IT desk: 0 new."
        run("set", "it-desk", "--set", "password=wrong")
        with pytest.raises(CommandError, match="wrong password"):
            run("test", "it-desk")
        with pytest.raises(CommandError, match="wrong password"):
            run("sync", "it-desk")
        run("pause", "it-desk")
        with pytest.raises(CommandError, match="Resume it first"):
            run("sync", "it-desk")
    finally:
        box.stop()


def test_a_channel_that_is_only_called_has_nothing_to_fetch(live_cast: Cast) -> None:
    run(*ADD, "--set", "address=a@b.example")
    assert "arrives by the mail listener" in run("test", "it-desk")
    with pytest.raises(CommandError, match="nothing to fetch"):
        run("sync", "it-desk")


def test_kinds_say_what_they_need(db: None) -> None:
    words = run("kinds")
    assert "email:" in words
    assert "address (email, needed)" in words
    assert "ssl|starttls|plain" in words
