"""Inputs of the administration for what is stored as JSON: words by language, lists, conditions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from tickets.field_config import words_problem
from tickets.field_texts import read_conditions, read_options, write_conditions, write_options
from tickets.fields import Condition, FieldError, Option

LANGUAGES = tuple(settings.LANGUAGES)
CODES = tuple(code for code, _name in LANGUAGES)
CONDITIONS_HELP = _(
    "One condition a line, all must hold, for example: category = Printing | Devices. "
    "On the left: category, type or the key of a custom field; of yes or no: yes."
)


class WordsWidget(forms.MultiWidget):
    """One input per language, each saying which."""

    def __init__(self, *, lines: bool = False) -> None:
        kind = UnfoldAdminTextareaWidget if lines else UnfoldAdminTextInputWidget
        super().__init__(
            [
                kind(attrs={"placeholder": name, "aria-label": name, "lang": code})
                for code, name in LANGUAGES
            ]
        )

    def decompress(self, value: Any) -> list[str]:
        """Stored words in the order of the inputs."""
        words = value if isinstance(value, Mapping) else {}
        return [str(words.get(code, "")) for code in CODES]


class WordsField(forms.MultiValueField):
    """A text in every language the product speaks; stored by language, empty ones left out."""

    def __init__(self, *, limit: int = 120, lines: bool = False, **options: Any) -> None:
        self.limit = limit
        super().__init__(
            fields=[forms.CharField(required=False) for _code in CODES],
            widget=WordsWidget(lines=lines),
            require_all_fields=False,
            **options,
        )

    def compress(self, values: Sequence[str]) -> dict[str, str]:
        """The words by language."""
        words = {c: v for c, v in zip(CODES, values, strict=False) if v}
        if problem := words_problem(words, self.limit):
            raise forms.ValidationError(problem)
        return words

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare words, not their order."""
        given = {c: v for c, v in zip(CODES, data or [], strict=False) if v}
        return given != (initial or {})


class LinesField(forms.CharField):
    """A list that is written one entry a line and stored as JSON."""

    def __init__(
        self, *, read: Callable[[str], Any], write: Callable[[Any], str], **options: Any
    ) -> None:
        self.read, self.write = read, write
        super().__init__(
            required=False,
            max_length=20_000,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        """Stored JSON as lines; what was typed stays as it was."""
        return value if isinstance(value, str) else self.write(value or [])

    def clean(self, value: Any) -> Any:
        """The JSON to store."""
        try:
            return self.read(super().clean(value))
        except FieldError as error:
            raise forms.ValidationError(str(error)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as written."""
        return self.write(initial or []) != (data or "").strip()


def conditions_field(label: Any) -> LinesField:
    """An input for conditions."""
    return LinesField(
        read=lambda text: [
            {"field": c.field, "values": list(c.values)} for c in read_conditions(text)
        ],
        write=lambda stored: write_conditions(
            [Condition(one["field"], tuple(one["values"])) for one in stored]
        ),
        label=label,
        help_text=CONDITIONS_HELP,
    )


def options_field(label: Any) -> LinesField:
    """An input for the entries of a list."""
    return LinesField(
        read=lambda text: [
            {"value": o.value, "label": dict(o.label)} for o in read_options(text, CODES)
        ],
        write=lambda stored: write_options(
            [Option(one["value"], one["label"]) for one in stored], CODES
        ),
        label=label,
        help_text=_("One entry a line: key = English | German | French | Spanish"),
    )
