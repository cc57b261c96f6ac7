"""Migration operations for row-level security.

`FORCE` makes even the table's owner obey, so a forgotten role change fails closed; the owner
role used for migrations and backups carries BYPASSRLS instead. The scalar sub-select in the
policy makes PostgreSQL read the setting once per query and use the organization's index.
"""

from typing import Any

from django.db.migrations.operations.special import RunSQL

FUNCTIONS_SQL = """
CREATE OR REPLACE FUNCTION omnidesk_organizations() RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        string_to_array(nullif(current_setting('omnidesk.organizations', true), ''), ',')::bigint[],
        '{}'::bigint[])
$$;
CREATE OR REPLACE FUNCTION omnidesk_user() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT nullif(current_setting('omnidesk.user', true), '')::bigint
$$;
"""
DROP_FUNCTIONS_SQL = (
    "DROP FUNCTION IF EXISTS omnidesk_organizations(); DROP FUNCTION IF EXISTS omnidesk_user();"
)
VISIBLE = "organization_id = ANY ((SELECT omnidesk_organizations())::bigint[])"


class EnableRowSecurity(RunSQL):
    """Guard `table` so that only the current organizations' rows can be seen or written.

    `or_readable` is an extra SQL condition for reading alone (a person's own memberships).
    """

    def __init__(self, table: str, or_readable: str = "") -> None:
        readable = f"({VISIBLE} OR {or_readable})" if or_readable else VISIBLE
        super().__init__(
            sql=(
                f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;'
                f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;'
                f'CREATE POLICY organization_read ON "{table}" FOR SELECT USING ({readable});'
                f'CREATE POLICY organization_write ON "{table}" FOR ALL'
                f" USING ({VISIBLE}) WITH CHECK ({VISIBLE});"
            ),
            reverse_sql=(
                f'DROP POLICY IF EXISTS organization_write ON "{table}";'
                f'DROP POLICY IF EXISTS organization_read ON "{table}";'
                f'ALTER TABLE "{table}" NO FORCE ROW LEVEL SECURITY;'
                f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY;'
            ),
        )
        self.table = table
        self.or_readable = or_readable

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written into a migration file."""
        return type(self).__name__, [self.table], {"or_readable": self.or_readable}

    def describe(self) -> str:
        """The line that `migrate` prints."""
        return f"Row-level security on {self.table}"


class AppendOnly(RunSQL):
    """Refuse every UPDATE and DELETE on `table`, whoever asks: a log keeps what it was told."""

    def __init__(self, table: str) -> None:
        super().__init__(
            sql=(
                "CREATE OR REPLACE FUNCTION omnidesk_append_only() RETURNS trigger"
                " LANGUAGE plpgsql AS $$ BEGIN"
                " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
                " USING ERRCODE = 'insufficient_privilege'; END $$;"
                f'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"'
                " FOR EACH ROW WHEN (current_setting('omnidesk.erasure', true) IS DISTINCT FROM"
                " 'granted') EXECUTE FUNCTION omnidesk_append_only();"
            ),
            reverse_sql=f'DROP TRIGGER IF EXISTS append_only ON "{table}";',
        )
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written into a migration file."""
        return type(self).__name__, [self.table], {}

    def describe(self) -> str:
        """The line that `migrate` prints."""
        return f"Append-only trigger on {self.table}"
