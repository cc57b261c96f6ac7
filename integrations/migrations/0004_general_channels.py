from django.db import migrations, models

import integrations.registry

# Nothing is lost: the one password becomes a secret among others, and "last looked" without an
# error counts as the last success. Row security does not apply to the owner's role.
KEEP_SECRETS = """
UPDATE integrations_channel SET
    sealed_secrets = CASE WHEN sealed_secret = '' THEN '{}'::jsonb
                     ELSE jsonb_build_object('password', sealed_secret) END,
    last_success_at = CASE WHEN last_error = '' THEN last_polled_at END,
    slug = coalesce(nullif(trim(both '-' from
        left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 60)), ''), 'channel') || '-' || id
"""
GIVE_BACK = "UPDATE integrations_channel SET sealed_secret = coalesce(sealed_secrets->>'password', '')"


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0003_accepts_strangers'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='channel', name='integrations_address_once'),
        migrations.AddField('channel', 'failures', models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField('channel', 'refusals', models.PositiveSmallIntegerField(default=0, editable=False)),
        migrations.AddField('channel', 'last_success_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last success')),
        migrations.AddField('channel', 'pause_reason', models.CharField(blank=True, editable=False, max_length=300, verbose_name='paused because')),
        migrations.AddField('channel', 'paused_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='paused')),
        migrations.AddField('channel', 'paused_itself', models.BooleanField(default=False, editable=False)),
        migrations.AddField('channel', 'stalled_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='stalled')),
        migrations.AddField('channel', 'sealed_secrets', models.JSONField(blank=True, default=dict, editable=False, verbose_name='encrypted secrets')),
        migrations.AddField('channel', 'slug', models.CharField(default='', max_length=90)),
        migrations.RunSQL(KEEP_SECRETS, GIVE_BACK),
        migrations.AlterField('channel', 'slug', models.SlugField(editable=False, max_length=90, unique=True, verbose_name='short name')),
        migrations.RemoveField(model_name='channel', name='sealed_secret'),
        migrations.AlterField('channel', 'accepts_strangers', models.BooleanField(default=True, help_text='Otherwise what comes from outside the organization waits in quarantine.', verbose_name='unknown senders may open tickets')),
        migrations.AlterField('channel', 'address', models.CharField(blank=True, max_length=254, verbose_name='address')),
        migrations.AlterField('channel', 'kind', models.CharField(choices=integrations.registry.kind_choices, max_length=20, verbose_name='kind')),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(condition=models.Q(('address', ''), _negated=True), fields=('kind', 'address'), name='integrations_address_once'),
        ),
    ]
