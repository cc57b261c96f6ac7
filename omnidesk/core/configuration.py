"""Which state of an organization's configuration is the present one, kept by the database.

Every organization carries a random `configuration` value. Triggers replace it in the very
transaction that changes a team, a status, a field or whatever else the desk reads at every page,
whoever writes: an action, the administration, a bulk import, SQL. What was read under a value
may therefore be kept under it without ever being stale, and a value that was rolled back is
never given again.
"""

from typing import Any

from django.db.migrations.operations.special import RunSQL

# As the tables' owner: row security must not hide whose configuration a person belongs to.
RAISE_SQL = """
CREATE FUNCTION omnidesk_new_configuration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.configuration := gen_random_uuid();
    RETURN NEW;
END $$;
CREATE TRIGGER new_configuration BEFORE UPDATE ON accounts_organization
    FOR EACH ROW EXECUTE FUNCTION omnidesk_new_configuration();

CREATE FUNCTION omnidesk_raise_configuration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE accounts_organization SET configuration = gen_random_uuid()
            WHERE id = OLD.organization_id;
    END IF;
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND NEW.organization_id <> OLD.organization_id) THEN
        UPDATE accounts_organization SET configuration = gen_random_uuid()
            WHERE id = NEW.organization_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION omnidesk_raise_configuration_of_staff() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accounts_organization SET configuration = gen_random_uuid()
        WHERE id IN (SELECT organization_id FROM accounts_membership
                     WHERE user_id = NEW.id AND role <> 'requester');
    RETURN NULL;
END $$;
CREATE TRIGGER raise_configuration AFTER UPDATE OF name, email, is_active ON accounts_user
    FOR EACH ROW WHEN ((OLD.name, OLD.email, OLD.is_active)
                       IS DISTINCT FROM (NEW.name, NEW.email, NEW.is_active))
    EXECUTE FUNCTION omnidesk_raise_configuration_of_staff();

-- Requesters come with every mail and are in no menu.
CREATE TRIGGER raise_configuration_new AFTER INSERT ON accounts_membership
    FOR EACH ROW WHEN (NEW.role <> 'requester') EXECUTE FUNCTION omnidesk_raise_configuration();
CREATE TRIGGER raise_configuration_gone AFTER DELETE ON accounts_membership
    FOR EACH ROW WHEN (OLD.role <> 'requester') EXECUTE FUNCTION omnidesk_raise_configuration();
CREATE TRIGGER raise_configuration AFTER UPDATE ON accounts_membership
    FOR EACH ROW WHEN (OLD.role <> 'requester' OR NEW.role <> 'requester')
    EXECUTE FUNCTION omnidesk_raise_configuration();
"""
DROP_SQL = """
DROP TRIGGER IF EXISTS raise_configuration ON accounts_membership;
DROP TRIGGER IF EXISTS raise_configuration_gone ON accounts_membership;
DROP TRIGGER IF EXISTS raise_configuration_new ON accounts_membership;
DROP TRIGGER IF EXISTS raise_configuration ON accounts_user;
DROP FUNCTION IF EXISTS omnidesk_raise_configuration_of_staff();
DROP FUNCTION IF EXISTS omnidesk_raise_configuration();
DROP TRIGGER IF EXISTS new_configuration ON accounts_organization;
DROP FUNCTION IF EXISTS omnidesk_new_configuration();
"""


class RaisesConfiguration(RunSQL):
    """Every change in `table` raises its organization's configuration."""

    def __init__(self, table: str) -> None:
        super().__init__(
            sql=(
                "CREATE TRIGGER raise_configuration AFTER INSERT OR UPDATE OR DELETE"
                f' ON "{table}" FOR EACH ROW EXECUTE FUNCTION omnidesk_raise_configuration();'
            ),
            reverse_sql=f'DROP TRIGGER IF EXISTS raise_configuration ON "{table}";',
        )
        self.table = table

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written into a migration file."""
        return type(self).__name__, [self.table], {}

    def describe(self) -> str:
        """The line that `migrate` prints."""
        return f"Changes in {self.table} raise the organization's configuration"
