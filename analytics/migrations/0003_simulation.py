import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from omnidesk.core.rowsecurity import EnableRowSecurity


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_configuration'),
        ('analytics', '0002_row_security'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Simulation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked', models.JSONField(default=dict, verbose_name='question')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=8, verbose_name='state')),
                ('progress', models.PositiveSmallIntegerField(default=0, verbose_name='percent')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('result', models.JSONField(blank=True, default=dict, verbose_name='result')),
                ('problem', models.CharField(blank=True, max_length=300, verbose_name='what went wrong')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='asked at')),
                ('beat_at', models.DateTimeField(blank=True, null=True, verbose_name='last sign of life')),
                ('asked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'simulation',
                'verbose_name_plural': 'simulations',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['state', 'beat_at'], name='analytics_simulation_due')],
            },
        ),
        EnableRowSecurity('analytics_simulation'),
    ]
