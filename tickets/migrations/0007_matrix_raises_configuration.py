from django.db import migrations

from omnidesk.core.configuration import RaisesConfiguration


class Migration(migrations.Migration):
    dependencies = [("tickets", "0006_files_and_answers")]
    # The matrix of urgency and impact is kept as well (`tickets.beginnings`).
    operations = [RaisesConfiguration("tickets_prioritycell")]
