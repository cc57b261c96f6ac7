from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity

TABLES = ("integrations_channel", "integrations_delivery", "integrations_receipt")


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial"), ("tickets", "0002_row_security")]

    operations = [EnableRowSecurity(table) for table in TABLES]
