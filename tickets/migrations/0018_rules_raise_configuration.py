from django.db import migrations

from omnidesk.core.configuration import RaisesConfiguration

TABLES = (
    "tickets_rule",
    "tickets_businesscalendar",
    "tickets_slapolicy",
    "tickets_slatarget",
    "tickets_slastep",
)


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0017_drafts_and_snooze'),
    ]

    operations = [RaisesConfiguration(table) for table in TABLES]
