from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity

GUARDED = (
    "integrations_alarm",
    "integrations_alarmpattern",
    "integrations_blockedsender",
    "integrations_channel",
    "integrations_contact",
    "integrations_delivery",
    "integrations_externalitem",
    "integrations_externallink",
    "integrations_fieldconflict",
    "integrations_mailroute",
    "integrations_receipt",
    "integrations_remoterequest",
    "integrations_rethreading",
    "integrations_webhookcall",
    "integrations_webhookendpoint",
)


class Migration(migrations.Migration):
    replaces = [("integrations", "0009_mail_decisions")]
    dependencies = [("integrations", "0001_tables"), ("accounts", "0002_guards")]

    operations = [EnableRowSecurity(table) for table in GUARDED]
