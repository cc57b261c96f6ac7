"""Forms of the pages. They read; actions decide and write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from omnidesk.accounts.models import Organization, User
from omnidesk.core.errors import BadInput
from tickets.actions.attach import NewFile
from tickets.actions.fields import InvalidFields
from tickets.choices import Impact, Urgency
from tickets.field_forms import AskedForm
from tickets.models import Article, Category

MOST_FILES = 10
FILES_HINT = _("optional, up to 10 MB each")


class FilesInput(forms.ClearableFileInput):
    """A file control that takes several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; cleans to a list."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[bytes]]:
        """Each file on its own; an empty choice is an empty list."""
        given = data if isinstance(data, list | tuple) else [data]
        files = [super(FilesField, self).clean(one, initial) for one in given if one]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(
                _("At most %(limit)d files at once."), params={"limit": MOST_FILES}
            )
        return files


def chosen_files(request: HttpRequest, name: str = "attachments") -> list[str]:
    """Names of the files that came with a form: who gets it back has to choose them again."""
    return [file.name or "" for file in request.FILES.getlist(name)]


def new_files(files: Sequence[UploadedFile[bytes]]) -> list[NewFile]:
    """Uploaded files as the actions take them."""
    return [NewFile(name=f.name or "", content=f.read()) for f in files]


def all_errors(form: forms.Form) -> str:
    """What is wrong, in one line, for places that show no field."""
    return " ".join(str(error) for errors in form.errors.values() for error in errors)


def show_refusal(form: forms.BaseForm, refusal: BadInput) -> None:
    """Put an action's refusal beside the field it names."""
    if isinstance(refusal, InvalidFields) and isinstance(form, AskedForm):
        form.show(refusal)
        return
    aliases = {"description": "text", "file": "attachments"}
    name = aliases.get(refusal.field, refusal.field)
    form.add_error(name if name in form.fields else None, str(refusal))


def _radio() -> forms.RadioSelect:
    return forms.RadioSelect(attrs={"class": "radio"})


class ProblemForm(AskedForm):
    """What a requester tells about a problem, with the fields asked on every ticket."""

    subject = forms.CharField(
        label=_("What is the problem?"),
        max_length=300,
        error_messages={"required": _("Say in a few words what the problem is.")},
    )
    text = forms.CharField(
        label=_("What happens exactly?"),
        help_text=_("Messages on the screen help us most"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _("Describe what you see and what you tried.")},
    )
    urgency = forms.ChoiceField(
        label=_("Can you still work?"),
        widget=_radio(),
        choices=[
            (Urgency.LOW, _("Yes, it is annoying")),
            (Urgency.MEDIUM, _("Only partly")),
            (Urgency.HIGH, _("No, not at all")),
        ],
        initial=Urgency.MEDIUM,
        required=False,
    )
    impact = forms.ChoiceField(
        label=_("Who is affected?"),
        widget=_radio(),
        choices=[
            (Impact.LOW, _("Only me")),
            (Impact.MEDIUM, _("My team")),
            (Impact.HIGH, _("The whole site")),
        ],
        initial=Impact.LOW,
        required=False,
    )
    attachments = FilesField(
        label=_("Files"), help_text=_("optional, up to 10 MB each"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([name for name in self.fields if name != "attachments"])


class AnswerForm(forms.Form):
    """A requester's next message."""

    text = forms.CharField(max_length=200_000, required=False, strip=True)
    attachments = FilesField(required=False)


class MessageForm(forms.Form):
    """An agent's reply or note. `seen` is the newest message they had on the screen, `seen_change`
    the newest change.
    """

    text = forms.CharField(max_length=200_000, required=False)
    attachments = FilesField(required=False)
    seen = forms.IntegerField(required=False, min_value=0)
    seen_change = forms.IntegerField(required=False, min_value=0)
    anyway = forms.BooleanField(required=False)
    # The AI's draft that the text came from.
    suggestion = forms.CharField(required=False, max_length=20)
    resolve = forms.BooleanField(required=False)
    # A status with its reason behind a slash, as the menu of statuses offers them.
    then = forms.CharField(required=False, max_length=40)
    cc = forms.CharField(required=False, max_length=4000)
    # A macro whose effects were staged, done together with the answer.
    macro = forms.IntegerField(required=False, min_value=1)
    # The view the ticket was opened from, with its filters.
    view = forms.SlugField(required=False, max_length=80)
    query = forms.CharField(required=False, max_length=2000)
    go_next = forms.BooleanField(required=False)


class WritingForm(forms.Form):
    """How a person sends."""

    undo_seconds = forms.TypedChoiceField(
        label=_("An answer can be taken back"),
        help_text=_("So long nobody gets it; then it goes out by itself."),
        choices=User.undo_seconds.field.choices or (),
        coerce=int,
        widget=forms.RadioSelect,
    )
    opens_next = forms.BooleanField(
        label=_("After sending, open the next ticket of the view"), required=False
    )


class DeskTicketForm(forms.Form):
    """A ticket that an agent opens for somebody, after a call for example."""

    organization = forms.ModelChoiceField(
        label=_("Organization"), queryset=Organization.objects.none(), empty_label=None
    )
    requester = forms.EmailField(
        label=_("Requester"),
        help_text=_("E-mail address"),
        error_messages={
            "required": _("Enter the requester's e-mail address."),
            "invalid": _("Enter a full e-mail address, for example jo@nordwerk.example"),
        },
    )
    subject = forms.CharField(label=_("Subject"), max_length=300)
    text = forms.CharField(
        label=_("Description"), max_length=200_000, widget=forms.Textarea(attrs={"rows": 6})
    )
    category = forms.ModelChoiceField(
        label=_("Category"),
        queryset=Category.objects.none(),
        required=False,
        empty_label=_("Let the AI suggest one"),
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"),
        choices=[("", _("Let the AI suggest one")), *Urgency.choices],
        required=False,
    )
    source = forms.ChoiceField(
        label=_("How did it reach you?"),
        choices=[("phone", _("By phone")), ("agent", _("In person or otherwise"))],
    )
    attachments = FilesField(
        label=_("Files"), help_text=_("optional, up to 10 MB each"), required=False
    )

    def __init__(self, *args: Any, organizations: Sequence[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("organization", Organization.objects.filter(pk__in=organizations))
        self._choose(
            "category",
            Category.objects.filter(organization_id__in=organizations, is_active=True),
        )
        if len(organizations) == 1:
            self.fields["organization"].initial = organizations[0]
            self.fields["organization"].widget = forms.HiddenInput()

    def _choose(self, name: str, queryset: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = queryset


class ArticleForm(forms.Form):
    """A knowledge article's content."""

    title = forms.CharField(
        label=_("Title"), max_length=200, error_messages={"required": _("Enter a title.")}
    )
    body = forms.CharField(
        label=_("Text"),
        help_text=_("Markdown: # heading, 1. step, **bold**"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 18}),
        error_messages={"required": _("Write the article's text.")},
    )
    category = forms.ModelChoiceField(
        label=_("Category"),
        queryset=Category.objects.none(),
        required=False,
        empty_label=_("Without category"),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    visibility = forms.ChoiceField(
        label=_("Who may read it"),
        choices=[
            ("requesters", _("Requesters and agents")),
            ("agents", _("Agents alone")),
            ("public", _("Everybody, without signing in")),
        ],
        required=False,
    )
    state = forms.ChoiceField(
        label=_("State"),
        help_text=_("A draft of a published article changes nothing for its readers"),
        choices=Article.State.choices,
    )
    summary = forms.CharField(
        label=_("What changed"), help_text=_("optional"), max_length=200, required=False
    )

    def __init__(self, *args: Any, organization_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)  # noqa: S101 - declared above
        category.queryset = Category.objects.filter(organization_id=organization_id, is_active=True)
