from django.db import migrations

from omnidesk.core.configuration import RaisesConfiguration

TABLES = (
    "tickets_status",
    "tickets_pendingreason",
    "tickets_tickettype",
    "tickets_category",
    "tickets_customfield",
    "tickets_checklisttemplate",
)


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_configuration'),
        ('tickets', '0015_rule_clocks'),
    ]

    operations = [RaisesConfiguration(table) for table in TABLES]
