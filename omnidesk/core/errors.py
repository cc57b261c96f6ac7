"""What is wrong with somebody's input, said once and shown by every edge."""


class BadInput(ValueError):
    """Input that cannot be used; `field` names what to correct (empty: the whole of it)."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field
