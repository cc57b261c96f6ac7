"""Text messages through any HTTP gateway."""

from django.utils.translation import gettext_lazy as _

from integrations import paths
from integrations.channels.sms_gateway.template import check_header, check_template
from integrations.kinds import Kind, Of, Setting
from integrations.texting.phones import country

KIND = Kind(
    key="sms_gateway",
    label=_("SMS (HTTP gateway)"),
    summary=_("Text messages through any provider with an HTTP interface."),
    transport="transport.GatewayTransport",
    take="taking.take",
    read="parse.read",
    webhook="webhook-inbound",
    made_up=("secret",),
    standard_secrets=True,
    short=True,
    settings=(
        Setting(
            name="address",
            label=_("Number or sender"),
            help=_("What recipients see, such as +4930123456."),
            required=True,
        ),
        Setting(name="url", label=_("Address of the gateway"), of=Of.URL, required=True),
        Setting(
            name="method",
            label=_("Method"),
            of=Of.CHOICE,
            choices=(("POST", "POST"), ("PUT", "PUT"), ("GET", "GET")),
            default="POST",
        ),
        Setting(
            name="content_type",
            label=_("Kind of body"),
            of=Of.CHOICE,
            choices=(("json", "JSON"), ("form", _("Form"))),
            default="json",
        ),
        Setting(
            name="body",
            label=_("Body"),
            of=Of.LONG,
            default='{"to": "{to}", "from": "{from}", "text": "{text}", "reference": "{id}"}',
            help=_("With the placeholders {to}, {from}, {text} and {id}; values are escaped."),
            check=check_template,
        ),
        Setting(
            name="header_name",
            label=_("Header for the key"),
            default="Authorization",
            check=check_header,
        ),
        Setting(
            name="header_value",
            label=_("Key"),
            of=Of.SECRET,
            help=_("The header's whole value, such as Bearer abc."),
        ),
        Setting(
            name="id_path",
            label=_("Id in the answer"),
            default="id",
            help=_("A path such as messages.0.id"),
            check=paths.check,
        ),
        Setting(
            name="country",
            label=_("Country"),
            help=_("Two letters, such as DE: reads telephone numbers without a country code."),
            check=country,
        ),
        Setting(
            name="secret",
            label=_("Secret"),
            of=Of.SECRET,
            help=_("Standard Webhooks (whsec_...). Made up if you give none."),
        ),
        Setting(
            name="old_secret",
            label=_("Former secret"),
            of=Of.SECRET,
            help=_("Accepted beside the present one while it changes."),
        ),
        Setting(
            name="static_header",
            label=_("Header with the secret"),
            help=_("Only where nothing can sign: a header that carries the secret itself."),
        ),
        Setting(name="from_path", label=_("Sender"), default="from", check=paths.check),
        Setting(name="text_path", label=_("Text"), default="text", check=paths.check),
        Setting(name="message_path", label=_("Id"), default="id", check=paths.check),
    ),
)
