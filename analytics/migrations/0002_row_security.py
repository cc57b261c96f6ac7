from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial"), ("accounts", "0002_row_security")]

    operations = [EnableRowSecurity("analytics_dailyrollup")]
