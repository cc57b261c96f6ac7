"""A migration operation that changes many models at the price of one.

Django renders the state's models anew after each operation that touches a relation, and here
nearly everything is related to the organization: one `CreateModel` after the other spent 27 of
the 30 seconds of a first start on that.
"""

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

Change = CreateModel | AddField | AlterField | AddIndex | AddConstraint


class CreateTogether(Operation):
    """Apply `operations` to the state at once, then to the database, each as the state ends up.

    What is added to a model that the same operation creates is part of its table from the start.
    Changes of older models follow one by one, so no two of them may touch the same field.
    PostgreSQL gets the foreign keys after all tables, as always.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, operations: Sequence[Change]) -> None:
        self.operations = list(operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """How the operation is written into a migration file."""
        return type(self).__name__, [self.operations], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change the state; whoever asks next renders it, once."""
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
        """Create the tables in the order of their models, then change the older ones."""
        for operation in self._steps():
            operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        """Undo them in the opposite order."""
        for operation in reversed(self._steps()):
            operation.database_backwards(app_label, schema_editor, from_state, to_state)

    def _steps(self) -> list[Change]:
        """What the database has to be told: models as a whole, and changes of older models."""
        models = [each for each in self.operations if isinstance(each, CreateModel)]
        new = {each.name_lower for each in models}
        return [
            *models,
            *(
                each
                for each in self.operations
                if not isinstance(each, CreateModel) and each.model_name_lower not in new
            ),
        ]

    def describe(self) -> str:
        """The line that `migrate` prints."""
        return f"{len(self._steps())} changes together"
