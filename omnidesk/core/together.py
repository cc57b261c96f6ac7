"""A migration operation that creates many models at the price of one.

Django renders the state's models anew after each operation that touches a relation, and here
nearly everything is related to the organization: one `CreateModel` after the other spent 27 of
the 30 seconds of a first start on that.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateTogether(Operation):
    """Apply `operations` to the state at once, then create each model's table as it ends up.

    What refers to a model that comes later (an `AddField`, an index or a constraint over it) is
    part of the model's last state, so its table has it from the start. PostgreSQL gets the
    foreign keys after all tables, as always.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(
        self, operations: Sequence[CreateModel | AddField | AddIndex | AddConstraint]
    ) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written into a migration file."""
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Add the models to the state; whoever asks next renders it, once."""
        state.clear_delayed_apps_cache()
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Create the tables in the order of their models."""
        for operation in self._models():
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Drop them in the opposite order."""
        for operation in reversed(self._models()):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def _models(self) -> list[CreateModel]:
        return [each for each in self.operations if isinstance(each, CreateModel)]

    def describe(self) -> str:
        """The line that `migrate` prints."""
        return f"Create {len(self._models())} models together"
