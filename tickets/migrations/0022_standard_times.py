"""Organizations older than agreed times get the standard ones, as new organizations do.

Only those in which nobody has ever had any: a policy, a calendar, a published version or a clock
that is there, switched off or left over says that an administrator decided, and stays untouched.
Open tickets follow by the sweep, and their clocks count from then on.
"""

import hashlib
import json
from datetime import time

from django.db import migrations
from django.utils import timezone

TARGETS = {
    'critical': (30, 60, 240),
    'high': (60, 120, 600),
    'medium': (240, 480, 1800),
    'low': (600, 1200, 3600),
}
STEPS = ((80, 'assignee'), (100, 'leads'))


def give_standard_times(apps, schema_editor):
    """Office hours and the policy "Standard" for every organization without any trace of its own."""
    decided = set()
    for name in ('SlaPolicy', 'BusinessCalendar', 'CalendarVersion', 'SlaClock'):
        rows = apps.get_model('tickets', name).objects.order_by()
        decided.update(rows.values_list('organization_id', flat=True).distinct())
    organizations = apps.get_model('accounts', 'Organization').objects.exclude(pk__in=decided)
    for organization in organizations.order_by('pk'):
        _give(apps, organization)


def _give(apps, organization):
    tickets = apps.get_app_config('tickets')
    home = {'organization_id': organization.pk}
    zone = organization.timezone or 'UTC'
    content = {
        'zone': zone,
        'week': [[[480, 1080]]] * 5 + [[], []],
        'days': [], 'yearly': [], 'country': '', 'region': '',
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    version = tickets.get_model('CalendarVersion').objects.create(
        digest=digest, content=content, **home
    )
    calendar = tickets.get_model('BusinessCalendar').objects.create(
        name='Office hours', timezone=zone, version=version, **home
    )
    spans = tickets.get_model('WorkingSpan')
    spans.objects.bulk_create(
        spans(calendar=calendar, weekday=day, opens=time(8), closes=time(18), **home)
        for day in range(5)
    )
    policy = tickets.get_model('SlaPolicy').objects.create(
        name='Standard', calendar=calendar, **home
    )
    targets = tickets.get_model('SlaTarget')
    targets.objects.bulk_create(
        targets(
            policy=policy, priority=priority, first_response=first, next_response=following,
            resolution=last, **home,
        )
        for priority, (first, following, last) in TARGETS.items()
    )
    steps = tickets.get_model('SlaStep')
    steps.objects.bulk_create(
        steps(policy=policy, percent=percent, audience=audience, **home)
        for percent, audience in STEPS
    )
    tickets.get_model('SlaReplan').objects.update_or_create(
        defaults={'asked_at': timezone.now(), 'after': 0}, **home
    )


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0021_forecast'),
    ]

    operations = [migrations.RunPython(give_standard_times, migrations.RunPython.noop)]
