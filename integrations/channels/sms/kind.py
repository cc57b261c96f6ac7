"""Text messages through Twilio."""

from django.utils.translation import gettext_lazy as _

from integrations.kinds import Kind, Of, Setting
from integrations.texting.phones import country, e164

KIND = Kind(
    key="sms",
    label=_("SMS (Twilio)"),
    summary=_("Text messages to a number become tickets; answers leave as text messages."),
    transport="transport.SmsTransport",
    take="taking.take",
    test="transport.test",
    read="reading.read",
    webhook="webhook-sms",
    short=True,
    settings=(
        Setting(
            name="address",
            label=_("Number"),
            help=_("With its country code, such as +4930123456. Answers come from it."),
            required=True,
            check=e164,
        ),
        Setting(name="account_sid", label=_("Account SID"), required=True),
        Setting(
            name="auth_token",
            label=_("Auth token"),
            of=Of.SECRET,
            required=True,
            help=_("Signs what Twilio sends us."),
        ),
        Setting(
            name="old_auth_token",
            label=_("Former auth token"),
            of=Of.SECRET,
            help=_("Accepted beside the present one while it changes."),
        ),
        Setting(
            name="signing_secret",
            label=_("Webhook signing key"),
            of=Of.SECRET,
            help=_("Secret of the key that signs with HMAC_SHA256, if you use one."),
        ),
        Setting(name="api_key_sid", label=_("API key SID"), help=_("Signs us in, if set.")),
        Setting(name="api_key_secret", label=_("API key secret"), of=Of.SECRET),
        Setting(
            name="messaging_service_sid",
            label=_("Messaging service SID"),
            help=_("Sends through this service instead of the number."),
        ),
        Setting(
            name="country",
            label=_("Country"),
            help=_("Two letters, such as DE: reads telephone numbers without a country code."),
            check=country,
        ),
        Setting(
            name="public_url",
            label=_("Public address"),
            of=Of.URL,
            help=_("Where Twilio reaches this installation, if not at its own address."),
        ),
        Setting(
            name="api_url",
            label=_("Address of the API"),
            of=Of.URL,
            default="https://api.twilio.com",
        ),
    ),
)
