"""Building conditions and actions with form controls instead of JSON; knows no page.

`ConditionField` and `ActionsField` are ordinary form fields. They draw controls that a server can
read back (`tree`, `steps`), so everything works without script: a button such as "Add condition"
submits the form, which comes back with one more row. `static/js/builder.js` does the same without
leaving the page, by asking `redrawn` through an address that the page names.
"""

from tickets.builder.fields import ActionsField, BuilderField, ConditionField, redrawn

__all__ = ["ActionsField", "BuilderField", "ConditionField", "redrawn"]
