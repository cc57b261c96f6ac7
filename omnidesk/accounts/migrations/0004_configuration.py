import django.contrib.postgres.functions
from django.db import migrations, models

from omnidesk.core.configuration import DROP_SQL, RAISE_SQL, RaisesConfiguration


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_api_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='configuration',
            field=models.UUIDField(db_default=django.contrib.postgres.functions.RandomUUID(), editable=False),
        ),
        migrations.RunSQL(RAISE_SQL, DROP_SQL),
        RaisesConfiguration('accounts_team'),
    ]
