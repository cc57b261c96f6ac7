from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity

GUARDED = (
    "analytics_dailyrollup",
    "analytics_simulation",
)


class Migration(migrations.Migration):
    replaces = [("analytics", "0003_simulation")]
    dependencies = [("analytics", "0001_tables"), ("accounts", "0002_guards")]

    operations = [EnableRowSecurity(table) for table in GUARDED]
