"""What each kind of task is asked with. The web reads these; how a kind is done it never loads."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from ai.engine.review import read_diff
from omnidesk.core.api.serializers import StrictSerializer, Text

MOST_DIFF = 400_000
MOST_SECTIONS = 12
MOST_TABLES = 50
MOST_TEXT = 200_000


def wants_tools() -> serializers.BooleanField:
    """Whether tools of other systems may be asked for the task; which ones is not the caller's."""
    return serializers.BooleanField(
        required=False,
        default=False,
        help_text=gettext_lazy("Ask the tool servers that serve tasks as well."),
    )


class PrReviewInput(StrictSerializer):
    """A change as a unified diff."""

    diff = Text(max_length=MOST_DIFF, trim_whitespace=False)
    title = Text(required=False, allow_blank=True, max_length=300, default="")

    def validate_diff(self, value: str) -> str:
        """It has to have files in it."""
        if not read_diff(value):
            raise serializers.ValidationError(_("This is no unified diff."))
        return value


class DocAnalysisInput(StrictSerializer):
    """A text, or the id of a document that was uploaded."""

    text = Text(required=False, max_length=MOST_TEXT)
    document = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if ("text" in attrs) == ("document" in attrs):
            raise serializers.ValidationError({"text": [_("Give a text or a document.")]})
        return attrs


class PaperInput(StrictSerializer):
    """A topic, and the questions or headings of its sections."""

    topic = Text(max_length=300)
    sections = serializers.ListField(
        child=Text(max_length=300), min_length=1, max_length=MOST_SECTIONS, required=False
    )
    language = Text(required=False, allow_blank=True, max_length=8, default="")
    tools = wants_tools()


class TableInput(StrictSerializer):
    """A table and its columns, as far as they matter."""

    name = Text(max_length=200)
    columns = serializers.ListField(child=Text(max_length=200), required=False, max_length=200)


class SnowflakeInput(StrictSerializer):
    """A question to tables, or a statement to check."""

    question = Text(required=False, max_length=2_000)
    sql = Text(required=False, max_length=20_000)
    tables = TableInput(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two; a question needs to know what it may read."""
        if ("question" in attrs) == ("sql" in attrs):
            raise serializers.ValidationError({"question": [_("Give a question or a statement.")]})
        tables = attrs.get("tables") or []
        if "question" in attrs and not tables:
            raise serializers.ValidationError({"tables": [_("Name the tables it may read.")]})
        if len(tables) > MOST_TABLES:
            raise serializers.ValidationError({"tables": [_("Too many.")]})
        return attrs


class CustomInput(StrictSerializer):
    """What to do, and the text to do it with."""

    prompt = Text(max_length=8_000)
    text = Text(required=False, allow_blank=True, max_length=100_000, default="")
    tools = wants_tools()
