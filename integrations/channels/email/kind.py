"""A mailbox: mail by the listener or by IMAP becomes tickets, answers leave as mail."""

from django.utils.translation import gettext_lazy as _

from integrations.channels.email.sign_in import OUTGOING, SIGN_IN
from integrations.kinds import Kind, Of, Setting
from integrations.stationery import check_body, check_subject


def _without_plus(address: str) -> str:
    if "+" in address.partition("@")[0]:
        raise ValueError(_("Enter the address without its + part."))
    return address


KIND = Kind(
    key="email",
    label=_("E-mail"),
    summary=_("Mail to an address becomes tickets; answers leave as mail."),
    transport="transport.EmailTransport",
    sync="mailbox.take_new",
    sync_needs=("imap_host",),
    test="mailbox.test",
    read="parse.parse",
    take="taking.take",
    take_many="taking.take_many",
    settings=(
        Setting(
            name="address",
            label=_("Address"),
            of=Of.EMAIL,
            help=_("Mail to this address becomes tickets."),
            required=True,
            check=_without_plus,
        ),
        Setting(
            name="protocol",
            label=_("Fetched by"),
            of=Of.CHOICE,
            choices=(("imap", "IMAP"), ("pop3", "POP3")),
            help=_("IMAP if empty. POP3 only where the provider has nothing else."),
        ),
        Setting(
            name="imap_host",
            label=_("Incoming mail server"),
            help=_("Empty: mail arrives by the mail listener only."),
        ),
        Setting(name="imap_port", label=_("Port"), of=Of.INTEGER, minimum=1, maximum=65535),
        Setting(
            name="imap_security",
            label=_("Encryption"),
            of=Of.CHOICE,
            choices=(
                ("ssl", _("Encrypted from the start (SSL)")),
                ("starttls", _("STARTTLS")),
                ("plain", _("Not encrypted")),
            ),
        ),
        Setting(
            name="imap_user",
            label=_("User name"),
            help=_("The address if empty. Also used for the outgoing mail server."),
        ),
        Setting(name="password", label=_("Password"), of=Of.SECRET),
        Setting(name="imap_folder", label=_("Folder"), help=_("INBOX if empty")),
        Setting(
            name="sent_folder",
            label=_("Sent folder (IMAP)"),
            help=_(
                "Answers written in a mail program are read from there and shown on their tickets. "
                "Empty: they are not."
            ),
        ),
        Setting(
            name="pop_delete",
            label=_("Delete mail from the server (POP3)"),
            of=Of.FLAG,
            help=_(
                "Once it is kept here. Otherwise it stays, and what lies there at the first look "
                "is not taken in."
            ),
        ),
        *SIGN_IN,
        *OUTGOING,
        Setting(
            name="trusted_server",
            label=_("Trusted mail server"),
            help=_(
                "The name your mail server writes into Authentication-Results. Only with it may "
                "agents answer by mail; without it their mails become internal notes."
            ),
        ),
        Setting(
            name="reply_above",
            label=_("Line above answers"),
            help=_("For example: Reply above this line"),
        ),
        Setting(
            name="letter_subject",
            label=_("Subject of answers"),
            help=_("Such as: {subject} – {desk}. Names in braces as in macros; empty: the usual."),
            check=check_subject,
        ),
        Setting(
            name="letter_text",
            label=_("Text of answers"),
            of=Of.LONG,
            help=_("What stands around {answer}; {link} leads to the ticket. Empty: the usual."),
            check=check_body,
        ),
        Setting(
            name="letter_html",
            label=_("HTML of answers"),
            of=Of.LONG,
            help=_("The same for mail programs that show HTML."),
            check=check_body,
        ),
    ),
)
