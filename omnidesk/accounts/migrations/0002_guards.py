from django.db import migrations

from omnidesk.core.configuration import DROP_SQL, RAISE_SQL, RaisesConfiguration
from omnidesk.core.rowsecurity import DROP_FUNCTIONS_SQL, FUNCTIONS_SQL, EnableRowSecurity


class Migration(migrations.Migration):
    replaces = [("accounts", "0005_writing")]
    dependencies = [("accounts", "0001_tables")]

    operations = [
        migrations.RunSQL(FUNCTIONS_SQL, DROP_FUNCTIONS_SQL),
        # A person may always read their own memberships: that is how the scope is found out.
        EnableRowSecurity("accounts_membership", or_readable="user_id = (SELECT omnidesk_user())"),
        EnableRowSecurity("accounts_team"),
        EnableRowSecurity("accounts_teammembership"),
        migrations.RunSQL(RAISE_SQL, DROP_SQL),
        RaisesConfiguration("accounts_team"),
        RaisesConfiguration("accounts_teammembership"),
    ]
