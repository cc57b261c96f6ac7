"""Machine mail: automatic answers, lists, delivery reports, our own mail coming back."""

import pytest

from integrations.channels.email.parse import parse
from integrations.channels.email.tokens import thread_token
from tests.channels.email.build import fixture, mail, multipart, part


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_submitted", "auto-replied"),
        ("auto_submitted", "auto-generated (vacation)"),
        ("auto_submitted", "auto-notified"),
        ("precedence", "auto_reply"),
        ("precedence", "junk"),
        ("x_autoreply", "yes"),
        ("x_autorespond", "Re: hello"),
        ("x_auto_response_suppress", "All"),
        ("x_auto_response_suppress", "DR, OOF, AutoReply"),
        ("delivered_to", "autoresponder"),
        ("subject", "Out of Office: Printer"),
        ("subject", "Automatic reply: Printer"),
        ("subject", "Automatische Antwort: Drucker"),
        ("subject", "Abwesenheitsnotiz: Drucker"),
        ("subject", "Réponse automatique : Imprimante"),
        ("subject", "Respuesta automática: Impresora"),
        ("subject", "Risposta automatica: Stampante"),
        ("subject", "Resposta automática: Impressora"),
        ("subject", "Automatisch antwoord: Printer"),
        ("subject", "Autosvar: Skrivare"),
        ("subject", "Automaattinen vastaus: Tulostin"),
        ("subject", "Odpowiedź automatyczna: Drukarka"),
        ("subject", "Automatická odpověď: Tiskárna"),
        ("subject", "Автоматический ответ: Принтер"),
        ("subject", "自动回复: 打印机"),
        ("subject", "自動返信: プリンター"),
        ("subject", "자동 회신: 프린터"),
    ],
)
def test_automatic(name: str, value: str) -> None:
    got = parse(mail(**{name: value}))
    assert got.auto
    assert not got.bounce


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto_submitted", "no"),
        ("auto_submitted", "auto-forwarded"),
        ("x_autoreply", "no"),
        ("x_auto_response_suppress", "None"),
        ("precedence", "first-class"),
        ("subject", "The auto reply of my mailbox is broken"),
        ("subject", "Out of paper"),
        ("subject", "Delivery of the new laptop failed"),
        ("return_path", "<>"),
    ],
)
def test_written_by_a_person(name: str, value: str) -> None:
    got = parse(mail(**{name: value}))
    assert not got.auto
    assert not got.bounce


def test_mail_through_a_list_is_a_persons_but_gets_no_automatic_answer() -> None:
    got = parse(mail(precedence="list", list_id="<staff.example.org>"))
    assert (got.auto, got.bulk) == (False, True)


def test_delivery_report_names_the_failed_mail() -> None:
    got = parse(fixture("bounce.eml"))
    assert (got.auto, got.bounce, got.bounce_permanent) == (True, True, True)
    assert got.bounce_of == "od.1a.2b.mfrggzdfmztwq2lk@desk.example.com"
    assert got.bounced_recipient == "gone@example.org"


def test_a_delay_is_not_permanent() -> None:
    raw = multipart(
        part("text/plain", "delayed"),
        part("message/delivery-status", "Action: delayed\r\nStatus: 4.4.1\r\n"),
        kind="report",
        subject="Delivery Status Notification (Delay)",
    )
    got = parse(raw)
    assert (got.bounce, got.bounce_permanent) == (True, False)


def test_a_success_report_is_no_bounce() -> None:
    raw = multipart(part("message/delivery-status", "Action: delivered\r\nStatus: 2.0.0\r\n"))
    got = parse(raw)
    assert (got.auto, got.bounce) == (True, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"x_failed_recipients": "gone@example.org"},
        {"from": "MAILER-DAEMON@example.org", "subject": "failure notice"},
        {"from": "postmaster@example.org", "subject": "Undeliverable: Printer"},
        {"from": "Mail Delivery System <MAILER-DAEMON@x.org>", "return_path": "<>"},
    ],
)
def test_bounces_without_a_report(fields: dict[str, str]) -> None:
    body = "The mail could not be delivered.\n\nMessage-ID: <sent-1@desk.example.com>\n"
    got = parse(mail(body, **fields))
    assert got.bounce
    assert got.bounce_of == "sent-1@desk.example.com"


def test_our_own_mail_is_known_by_its_mark_not_by_its_domain() -> None:
    token = thread_token(1, 2, "secret")
    assert parse(mail(message_id=f"<{token}@desk.example.com>")).own_token == token
    assert parse(mail(message_id="<x@desk.example.com>")).own_token == ""
    assert parse(mail(in_reply_to=f"<{token}@desk.example.com>")).own_token == ""


def test_a_notification_is_automatic_but_no_automatic_reply() -> None:
    got = parse(mail(auto_submitted="auto-generated", subject="Disk of srv-12 is full"))
    assert (got.auto, got.auto_reply) == (True, False)
    assert parse(mail(auto_submitted="auto-replied")).auto_reply
