"""What rules and macros can do: a registry of action kinds, open to the apps above.

An app above registers its own in its `ready()`:

    from tickets.automation import ActionKind, register
    register(CallWebhook())

`tickets` never imports it. See CONTRIBUTING, "How to add a rule action".
"""

from tickets.automation.registry import (
    ActionError,
    ActionFailed,
    ActionKind,
    Doing,
    Names,
    Param,
    ParamKind,
    Step,
    all_kinds,
    parse_steps,
    register,
    steps_as_json,
)

__all__ = [
    "ActionError",
    "ActionFailed",
    "ActionKind",
    "Doing",
    "Names",
    "Param",
    "ParamKind",
    "Step",
    "all_kinds",
    "parse_steps",
    "register",
    "steps_as_json",
]
