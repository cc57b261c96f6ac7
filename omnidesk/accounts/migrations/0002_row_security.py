from django.db import migrations

from omnidesk.core.rowsecurity import DROP_FUNCTIONS_SQL, FUNCTIONS_SQL, EnableRowSecurity


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTIONS_SQL, DROP_FUNCTIONS_SQL),
        # A person may always read their own memberships: that is how the scope is found out.
        EnableRowSecurity("accounts_membership", or_readable="user_id = (SELECT omnidesk_user())"),
        EnableRowSecurity("accounts_team"),
        EnableRowSecurity("accounts_teammembership"),
    ]
