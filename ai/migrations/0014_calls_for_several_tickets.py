import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("ai", "0013_shared_models"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelcall",
            name="tickets",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(),
                blank=True,
                default=list,
                size=None,
                verbose_name="tickets",
            ),
        ),
        migrations.AddIndex(
            model_name="modelcall",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["tickets"], name="ai_calls_of_several"
            ),
        ),
    ]
