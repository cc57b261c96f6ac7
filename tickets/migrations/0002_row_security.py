from django.db import migrations

from omnidesk.core.rowsecurity import AppendOnly, EnableRowSecurity

TABLES = (
    "tickets_article",
    "tickets_attachment",
    "tickets_category",
    "tickets_change",
    "tickets_message",
    "tickets_status",
    "tickets_tag",
    "tickets_ticket",
    "tickets_tickettag",
)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial"), ("accounts", "0002_row_security")]

    operations = [*(EnableRowSecurity(table) for table in TABLES), AppendOnly("tickets_change")]
