import django.db.models.deletion
from django.db import migrations, models

from omnidesk.core.rowsecurity import EnableRowSecurity

TABLES = ('tickets_slaforecast', 'tickets_slahistory')


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_configuration'),
        ('tickets', '0020_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='SlaForecast',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('risk', models.FloatField(verbose_name='probability')),
                ('alike', models.PositiveIntegerField(verbose_name='clocks like it')),
                ('longer', models.PositiveIntegerField(verbose_name='of them too late')),
                ('depth', models.PositiveSmallIntegerField(verbose_name='how alike')),
                ('load', models.FloatField(verbose_name='load')),
                ('made_at', models.DateTimeField(verbose_name='made')),
                ('clock', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='forecast', to='tickets.slaclock')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization', verbose_name='organization')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='forecasts', to='tickets.ticket')),
            ],
            options={
                'verbose_name': 'forecast',
                'verbose_name_plural': 'forecasts',
                'ordering': ['-risk', 'pk'],
                'indexes': [models.Index(fields=['organization', '-risk'], name='tickets_forecast_worst'), models.Index(fields=['ticket', '-risk'], name='tickets_forecast_of')],
            },
        ),
        migrations.CreateModel(
            name='SlaHistory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('content', models.JSONField(default=dict, verbose_name='content')),
                ('clocks', models.PositiveIntegerField(default=0, verbose_name='clocks')),
                ('learnt_at', models.DateTimeField(verbose_name='learnt')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'history of agreed times',
                'verbose_name_plural': 'histories of agreed times',
                'constraints': [models.UniqueConstraint(fields=('organization',), name='tickets_sla_history_once')],
            },
        ),
        *(EnableRowSecurity(table) for table in TABLES),
    ]
