"""Which ticket a mail belongs to, and in whose name it may speak there."""

import pytest
from django.conf import settings

from integrations.channels.email.tokens import thread_token
from integrations.models import Channel
from omnidesk.accounts.models import Membership
from omnidesk.core.tenancy import organization_scope
from tests.cast import Cast
from tests.channels.email.build import mail
from tests.integrations.letters import answered, from_dana, take
from tickets.actions.base import Actor
from tickets.actions.intake import Body, open_ticket
from tickets.choices import DeliveryState, MessageKind, Source
from tickets.models import Message, Ticket


class TestThreading:
    @pytest.mark.parametrize(
        "fields",
        [
            {"in_reply_to": "<{answer}>"},
            {"references": "<unknown@x> <{answer}>"},
            {"references": "<first@nordwerk.example>"},
            {"references": "<first@nordwerk.example> <colleague@elsewhere>"},
            {"subject": "Re: Printer [#{number}]"},
            {"to": "desk+{token}@nordwerk.example"},
        ],
        ids=["in-reply-to", "references", "own-mail", "middle", "subject", "plus-address"],
    )
    def test_an_answer_finds_its_ticket(
        self, cast: Cast, channel: Channel, fields: dict[str, str]
    ) -> None:
        ticket, answer = answered(cast, channel)
        values = {"answer": answer, "number": ticket.number, "token": answer.split("@")[0]}
        fields = {name: value.format(**values) for name, value in fields.items()}
        receipt = take(channel, from_dana("Still dead.", message_id="<2@x>", **fields))
        assert receipt.ticket == ticket
        with organization_scope(cast.nordwerk.pk):
            last = ticket.messages.last()
            assert last is not None
            assert (last.text, last.from_requester) == ("Still dead.", True)

    @pytest.mark.parametrize(
        "fields",
        [
            {"subject": "Re: Printer [#999999999]"},
            {"subject": "Re: [#99999999999999999999999]"},
            {"references": "<never@seen>"},
            {"in_reply_to": "<od.1.1.aaaaaaaaaaaaaaaa@nordwerk.example>"},
        ],
    )
    def test_a_mail_that_refers_to_nothing_opens_a_ticket(
        self, cast: Cast, channel: Channel, fields: dict[str, str]
    ) -> None:
        ticket, _ = answered(cast, channel)
        receipt = take(channel, from_dana(message_id="<2@x>", **fields))
        assert receipt.ticket not in {None, ticket}

    def test_a_reply_to_a_solved_ticket_opens_it_again(self, cast: Cast, channel: Channel) -> None:
        ticket, answer = answered(cast, channel)
        with organization_scope(cast.nordwerk.pk):
            Ticket.objects.filter(pk=ticket.pk).update(status_category="solved")
        take(channel, from_dana(message_id="<2@x>", in_reply_to=f"<{answer}>"))
        with organization_scope(cast.nordwerk.pk):
            ticket.refresh_from_db()
        assert ticket.status_category == "open"

    def test_another_organizations_mark_opens_nothing_there(
        self, cast: Cast, channel: Channel
    ) -> None:
        with organization_scope(cast.lumen.pk):
            theirs = open_ticket(
                organization_id=cast.lumen.pk,
                requester=cast.charlie,
                subject="Secret",
                body=Body(text="Lumen's own"),
                source=Source.PORTAL,
                actor=Actor.person(cast.charlie),
            )
        mark = thread_token(theirs.pk, 1, settings.SECRET_KEY)
        receipt = take(
            channel,
            from_dana(in_reply_to=f"<{mark}@lumen.example>", subject=f"[#{theirs.number}]"),
        )
        assert receipt.ticket not in {None, theirs}
        with organization_scope(cast.lumen.pk):
            assert theirs.messages.count() == 1

    def test_a_colleague_cannot_write_on_somebody_elses_ticket(
        self, cast: Cast, channel: Channel
    ) -> None:
        ticket, answer = answered(cast, channel)
        raw = mail(
            **{"from": "eve@nordwerk.example"}, message_id="<2@x>", in_reply_to=f"<{answer}>"
        )
        receipt = take(channel, raw)
        assert receipt.ticket not in {None, ticket}
        assert receipt.ticket is not None
        with organization_scope(cast.nordwerk.pk):
            note = receipt.ticket.messages.get(kind=MessageKind.INTERNAL)
            assert str(ticket.number) in note.text

    def test_a_stranger_with_a_mark_gets_a_ticket_of_their_own(
        self, cast: Cast, channel: Channel
    ) -> None:
        first, answer = answered(cast, channel)
        raw = mail(**{"from": "x@stranger.example"}, message_id="<2@x>", in_reply_to=f"<{answer}>")
        receipt = take(channel, raw)
        assert receipt.ticket is not None
        assert receipt.ticket != first

    def test_somebody_in_copy_may_write_without_becoming_a_member(
        self, cast: Cast, channel: Channel
    ) -> None:
        raw = from_dana(message_id="<first@nordwerk.example>", cc="vendor@outside.example")
        ticket = take(channel, raw).ticket
        assert ticket is not None
        answer = mail(
            "We know this error.",
            **{"from": "vendor@outside.example"},
            message_id="<2@x>",
            references="<first@nordwerk.example>",
        )
        assert take(channel, answer).ticket == ticket
        with organization_scope(cast.nordwerk.pk):
            message = ticket.messages.get(external_id="2@x")
            assert message.author is None
            assert message.text == "vendor@outside.example:\n\nWe know this error."
            assert not Membership.objects.filter(user__email="vendor@outside.example").exists()


class TestAgents:
    def _answer(self, cast: Cast, channel: Channel, **fields: str) -> Message:
        ticket, answer = answered(cast, channel)
        raw = mail(
            "Try the other tray.",
            **{"from": "alice@nordwerk.example"},
            message_id="<2@x>",
            in_reply_to=f"<{answer}>",
            **fields,
        )
        assert take(channel, raw).ticket == ticket
        with organization_scope(cast.nordwerk.pk):
            return ticket.messages.get(text="Try the other tray.")

    def test_an_agents_mail_is_a_note_as_anybody_can_write_an_address(
        self, cast: Cast, channel: Channel
    ) -> None:
        assert self._answer(cast, channel).kind == MessageKind.INTERNAL

    def test_with_our_servers_word_it_is_an_answer_by_the_desk(
        self, cast: Cast, channel: Channel
    ) -> None:
        channel.settings["trusted_server"] = "mx.nordwerk.example"
        message = self._answer(
            cast,
            channel,
            authentication_results="mx.nordwerk.example; spf=pass; dmarc=pass (p=reject)",
        )
        assert (message.kind, message.author) == (MessageKind.PUBLIC, cast.alice)
        assert message.delivery_state == DeliveryState.QUEUED

    @pytest.mark.parametrize(
        "results",
        ["mx.other.example; dmarc=pass", "mx.nordwerk.example; dmarc=fail", "mx.nordwerk.example"],
    )
    def test_another_servers_word_counts_for_nothing(
        self, cast: Cast, channel: Channel, results: str
    ) -> None:
        channel.settings["trusted_server"] = "mx.nordwerk.example"
        message = self._answer(cast, channel, authentication_results=results)
        assert message.kind == MessageKind.INTERNAL
