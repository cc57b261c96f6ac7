"""Mails of monitoring systems: one ticket for a host and service, whatever comes."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from integrations.actions import alarming
from integrations.actions.alarming import sighting_of
from integrations.alarm_templates import PART, template
from integrations.alarms import Alarm, AlarmPattern, check_template
from integrations.channels.email.parse import parse
from integrations.models import Channel, Receipt, ReceiptState
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.integrations.letters import take
from tickets.actions.base import Actor
from tickets.actions.reply import reply
from tickets.models import Message, Ticket

NAGIOS = "nagios@mon.nordwerk.example"
number = iter(range(10**6))


def alarm(subject: str, body: str = "See the console.", sender: str = NAGIOS) -> bytes:
    return mail(
        body, **{"from": sender}, subject=subject,
        message_id=f"<alarm-{next(number)}@mon.nordwerk.example>", auto_submitted="auto-generated",
    )  # fmt: skip


def nagios(state: str, host: str = "web01", kind: str = "PROBLEM") -> bytes:
    return alarm(f"** {kind} Service Alert: {host}/HTTP is {state} **")


@pytest.mark.parametrize(
    ("subject", "body", "seen"),
    [
        ("** PROBLEM Service Alert: web01/HTTP is CRITICAL **", "", ("web01", "HTTP", False)),
        ("** RECOVERY Service Alert: web01/HTTP is OK **", "", ("web01", "HTTP", True)),
        ("** PROBLEM Host Alert: db1 is DOWN **", "", ("db1", "", False)),
        ("[PROBLEM] disk /var on srv-7 is WARNING!", "", ("srv-7", "disk /var", False)),
        ("[RECOVERY] Host srv-7 is UP!", "", ("srv-7", "", True)),
        ("PROBLEM - web01 - ping4 is CRITICAL", "", ("web01", "ping4", False)),
        (
            "Problem: High CPU",
            "Problem started\nHost: db2\nSeverity: High",
            ("db2", "High CPU", False),
        ),
        ("Resolved in 5m 2s: High CPU", "Host: db2", ("db2", "High CPU", True)),
        ("[FIRING:2] HighLatency (api prod)", "", ("", "HighLatency", False)),
        ("[RESOLVED] HighLatency (api prod)", "", ("", "HighLatency", True)),
    ],
)
def test_the_usual_subjects_are_understood(
    channel: Channel, subject: str, body: str, seen: tuple[str, str, bool]
) -> None:
    with organization_scope(channel.organization_id):
        found = sighting_of(channel, parse(alarm(subject, body)))
    assert found is not None
    assert (found.host, found.service, found.over) == seen


@pytest.mark.parametrize(
    "subject",
    ["Problem: my printer is dead", "Re: ** PROBLEM Host Alert: db1 is DOWN **", "", "[PROBLEM]",
     "The server is down", "[FIRING:1]", "** PROBLEM Service Alert: / is  **"],
)  # fmt: skip
def test_other_mail_is_no_alarm(channel: Channel, subject: str) -> None:
    with organization_scope(channel.organization_id):
        assert sighting_of(channel, parse(alarm(subject))) is None


def tickets(channel: Channel) -> list[Ticket]:
    with organization_scope(channel.organization_id):
        return list(Ticket.objects.select_related("status").order_by("pk"))


def test_a_repeated_alarm_extends_its_ticket_and_recovery_ends_it(channel: Channel) -> None:
    first = take(channel, nagios("CRITICAL"))
    for _ in range(5):
        assert take(channel, nagios("CRITICAL")).ticket_id == first.ticket_id
    [ticket] = tickets(channel)
    assert ticket.message_count == 1  # a mail more is a counter more
    take(channel, nagios("WARNING"))
    assert tickets(channel)[0].message_count == 2  # another state is news
    over = take(channel, nagios("OK", kind="RECOVERY"))
    assert over.trail["by"] == "alarm"
    [ticket] = tickets(channel)
    assert ticket.is_settled
    with organization_scope(channel.organization_id):
        note = Message.objects.order_by("-pk")[0]
        row = Alarm.objects.get()
    assert "recovered" in note.text
    assert (row.is_open, row.count) == (False, 7)


def test_other_hosts_have_their_own_tickets(channel: Channel) -> None:
    take(channel, nagios("CRITICAL"))
    take(channel, nagios("CRITICAL", host="web02"))
    take(channel, nagios("OK", host="web02", kind="RECOVERY"))
    assert [one.is_settled for one in tickets(channel)] == [False, True]


def test_an_alarm_that_flaps_goes_on_with_its_ticket(channel: Channel) -> None:
    for state, kind in (("CRITICAL", "PROBLEM"), ("OK", "RECOVERY"), ("CRITICAL", "PROBLEM")):
        take(channel, nagios(state, kind=kind))
    [ticket] = tickets(channel)
    assert not ticket.is_settled


def test_nobody_else_ends_an_alarm(channel: Channel) -> None:
    take(channel, nagios("CRITICAL"))
    raw = alarm("** RECOVERY Service Alert: web01/HTTP is OK **", sender="eve@outside.example")
    assert take(channel, raw).state == ReceiptState.IGNORED
    assert not tickets(channel)[0].is_settled


def test_a_storm_of_alarms_becomes_few_tickets(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarming, "STORM_FROM", 4)
    for n in range(12):
        for _ in range(2):
            take(channel, nagios("CRITICAL", host=f"web{n}"))
    assert len(tickets(channel)) == 4  # three of their own, one for the rest
    with organization_scope(channel.organization_id):
        assert Alarm.objects.filter(in_storm=True).count() == 9
        assert not Receipt.objects.exclude(state=ReceiptState.ACCEPTED).exists()
    for n in range(12):
        take(channel, nagios("OK", host=f"web{n}", kind="RECOVERY"))
    assert all(one.is_settled for one in tickets(channel))


def test_more_than_sixty_in_an_hour_are_no_flood(channel: Channel) -> None:
    receipts = [take(channel, nagios("CRITICAL")) for _ in range(70)]
    assert {one.state for one in receipts} == {ReceiptState.ACCEPTED}
    assert len(tickets(channel)) == 1


def test_an_answer_on_the_ticket_is_a_message_and_no_alarm(cast: Cast, channel: Channel) -> None:
    first = take(channel, nagios("CRITICAL"))
    with organization_scope(cast.nordwerk.pk):
        assert first.ticket is not None
        reply(ticket=first.ticket, actor=Actor.person(cast.alice), text="Looking")
    subject = f"** PROBLEM Host Alert: a is DOWN ** [#{first.ticket.number}]"
    raw = mail("ok", **{"from": NAGIOS}, subject=subject, message_id="<r@x.example>")
    assert take(channel, raw).trail["by"] == "subject"


def test_an_organizations_own_patterns_take_the_place_of_the_usual(channel: Channel) -> None:
    with organization_scope(channel.organization_id):
        AlarmPattern.objects.create(
            organization_id=channel.organization_id, name="PRTG",
            subject="{host} {service} ({state})",
            sender="*@mon.nordwerk.example", recovered="Up",
        )  # fmt: skip
        found = sighting_of(channel, parse(alarm("db9 Ping (Down)")))
        assert found is not None
        assert (found.host, found.service, found.over) == ("db9", "Ping", False)
        over = sighting_of(channel, parse(alarm("db9 Ping (up)")))
        assert over is not None
        assert over.over
        assert sighting_of(channel, parse(nagios("CRITICAL"))) is None
        assert sighting_of(channel, parse(alarm("a b (Down)", sender="x@y.example"))) is None


@pytest.mark.parametrize(
    "text", ["{host}{service}", "{nonsense}", "{host} {host}", "{", "{host} {service}{*}",
             "{*} a {*} b {*} c {*} d {*} e {*}"],
)  # fmt: skip
def test_templates_that_could_not_work_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        check_template(text)


def test_a_subject_made_to_be_slow_is_not() -> None:
    wanted = template("{*}/{host}/{service}/{state}/{kind}!")
    began = time.process_time()
    assert wanted.match("/" * 300) is None
    # A few milliseconds; as a regular expression it took more than four minutes.
    assert time.process_time() - began < 2


def as_expression(text: str) -> "re.Pattern[str]":
    """The same template as an expression: right, and slow on what is made for it."""
    pieces = PART.split(" ".join(text.split()))
    gaps = (".{0,120}?" if name == "*" else rf"(?P<{name}>\S.{{0,119}}?)" for name in pieces[1::2])
    literals = [re.escape(piece) for piece in pieces[::2]]
    return re.compile(
        literals[0] + "".join(map("".join, zip(gaps, literals[1:], strict=True))), re.IGNORECASE
    )


@given(
    st.sampled_from(
        ["{host}", "{host} {service}", "a{host}b{*}a", "{*}ab {kind}a{state}", "[{kind}] {service}",
         "{host}/{service}/{*}", "{*} b {host}"]
    ),
    st.text("aAb/ []", max_size=14),
)  # fmt: skip
def test_a_template_fits_what_its_expression_fits(text: str, line: str) -> None:
    single = " ".join(line.split())
    told = as_expression(text).fullmatch(single)
    assert template(text).match(single) == (told and told.groupdict())


def test_a_value_has_an_end() -> None:
    assert template("{host} down").match("h" * 120 + " down") == {"host": "h" * 120}
    assert template("{host} down").match("h" * 121 + " down") is None


def test_two_at_once_are_one_ticket(live_channel: Channel) -> None:
    def one(raw: bytes) -> None:
        try:
            take(live_channel, raw)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, [nagios("CRITICAL") for _ in range(8)]))
    assert len(tickets(live_channel)) == 1
