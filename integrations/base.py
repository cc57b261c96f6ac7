"""The channel port: what every channel turns its bytes into, and how it sends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from integrations.channels.email.calendars import Invitation
from integrations.texting.words import Opt


class TransportError(Exception):
    """Sending or fetching failed; `permanent` says that a retry cannot help.

    `uncertain`: the far side may have taken the message all the same. `refused`: it did not
    accept our credentials; after a few of those the channel pauses. `retry_after`: seconds the
    far side asked for, 0 where it did not say.
    """

    def __init__(
        self, message: str, permanent: bool = False, *, uncertain: bool = False,
        refused: bool = False, retry_after: float = 0,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.message = message
        self.permanent = permanent
        self.uncertain = uncertain
        self.refused = refused
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A mailbox; `name` and `email` are '' where the sender gave none."""

    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class InboundAttachment:
    """A file that came with a message; `inline` ones are shown inside the HTML body."""

    name: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """What a channel received, channel-neutral.

    `text` is the whole readable body, `reply_text` what the sender newly wrote. `html` is raw:
    sanitise before display. Message ids carry no angle brackets. `auto` marks machine mail
    (never answer it automatically), `auto_reply` the out-of-office kind of it, `bulk`
    mailing-list mail (a person wrote it, but do not answer automatically either), `bounce_of`
    is the message id of the mail that failed. `thread_token` is our mark (unverified) among the
    references and addresses, `own_token` the one in the Message-ID: then we wrote it ourselves.
    `vouched_by` names the mail servers that say the sender's domain is genuine (DMARC passed):
    worth something only for a server that is our own. `error` is a sentence for people when the
    bytes could only be read in part. `fields` are the header fields as (name in lower case, value);
    `invitations` are the events of calendar parts, `sealing` is `encrypted`, `packed` (signed and
    wrapped), `signed` or ''. `delivered_to` are addresses that the mail server says it was
    delivered to.
    """

    external_id: str
    sender: EmailAddress = EmailAddress()
    to: tuple[EmailAddress, ...] = ()
    cc: tuple[EmailAddress, ...] = ()
    reply_to: tuple[EmailAddress, ...] = ()
    subject: str = ""
    text: str = ""
    reply_text: str = ""
    html: str = ""
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[InboundAttachment, ...] = ()
    auto: bool = False
    auto_reply: bool = False
    bulk: bool = False
    bounce: bool = False
    bounce_of: str = ""
    bounce_permanent: bool = False
    bounced_recipient: str = ""
    thread_token: str = ""
    own_token: str = ""
    vouched_by: tuple[str, ...] = ()
    language: str = ""
    sent_at: datetime | None = None
    fields: tuple[tuple[str, str], ...] = ()
    delivered_to: tuple[str, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    sealing: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class MediaLink:
    """A picture or file of a text message, to be fetched."""

    url: str
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class InboundText:
    """A text message as received. `sender` is as the provider wrote it, usually E.164.

    `opt` says that the whole message is a word such as STOP: then it opens no ticket.
    """

    external_id: str
    sender: str
    recipient: str = ""
    text: str = ""
    name: str = ""
    media: tuple[MediaLink, ...] = ()
    opt: Opt | None = None


@dataclass(frozen=True, slots=True)
class InboundRequest:
    """A request or alert of another system, as far as it is known; empty is unknown.

    `remote_id` is what the same thing is known by, `version` its last change in milliseconds,
    `solved` says that it is over.
    """

    remote_id: str = ""
    display_id: str = ""
    subject: str = ""
    text: str = ""
    status: str = ""
    priority: str = ""
    email: str = ""
    name: str = ""
    version: int = 0
    solved: bool = False


@dataclass(frozen=True, slots=True)
class OutboundAttachment:
    """A file to send."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """What a channel is asked to send.

    `idempotency_key` stays the same over all tries, so that a provider can drop doubles.
    `recipient` is an e-mail address, a telephone number or the id of a remote ticket.
    """

    idempotency_key: str
    recipient: str
    subject: str = ""
    text: str = ""
    html: str = ""
    recipient_name: str = ""
    sender: str = ""
    sender_name: str = ""
    reply_to: str = ""
    cc: tuple[EmailAddress, ...] = ()
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[OutboundAttachment, ...] = ()
    auto: bool = False
    ticket_number: str = ""
    language: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendResult:
    """What the far side said: its id for the message (may be '') and a word for the log.

    `parts` are the far side's ids where it reports on them afterwards, one for each part.
    """

    external_id: str = ""
    detail: str = ""
    parts: tuple[str, ...] = ()


class Transport(Protocol):
    """One configured way out."""

    def send(self, message: OutboundMessage, handing_over: Callable[[], None]) -> SendResult:
        """Send once; retries belong to the caller.

        Calls `handing_over` right before the step after which the far side may have the
        message. Raises TransportError; with `uncertain` when the answer to that step was lost.
        """
