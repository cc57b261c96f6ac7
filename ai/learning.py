"""Learning from an organization's history: train, measure on what was held out, promote or not."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.conf import settings

from ai.actions.training import NewModel, finish_training, forget_shared
from ai.actions.work import Claim, fail, note_progress, working
from ai.db import release
from ai.engine.classify import Classifier, describe_prototypes
from ai.engine.embed import Encoder, Vectors
from ai.engine.members import Ints
from ai.engine.retrieve import STORED_CHARACTERS
from ai.engine.store import VectorStore, point_id
from ai.engine.training import train
from ai.engine.tuned import Tuner, load_classifier, tune, tuner
from ai.engine.types import EngineError
from ai.examples import MINIMUM_CLASSES, MINIMUM_EXAMPLES, Example, load_examples
from ai.models import TrainedModel, Training
from ai.pipeline.case import Option, options_of
from ai.quality import Quality, measure
from ai.sharing import train_shared
from omnidesk.core.tenancy import organization_scope

logger = logging.getLogger(__name__)

KINDS = tuple(TrainedModel.Kind.values)
# One ticket of five is never learned from while quality is measured.
HELD_SHARE = 5
# Fewer tickets than this that neither model knows decide nothing; recorded quality does.
FAIR_ROWS = 20
# Noise of the measurement: a model this little worse is not worse.
TOLERANCE = 0.01
EMBED_BATCH = 64
# Points read from the index at once.
READ_BATCH = 1_000

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Material:
    """What one kind is learned from; `vectors` has one row for each example."""

    kind: str
    examples: list[Example]
    vectors: Vectors
    options: tuple[Option, ...]
    tuner: Tuner | None = None

    def part(self, wanted: Sequence[int]) -> "Material":
        """Some of the rows."""
        rows = [self.examples[i] for i in wanted]
        vectors = self.vectors[list(wanted)]
        return Material(self.kind, rows, vectors, self.options, self.tuner)

    @property
    def texts(self) -> list[str]:
        """The tickets' texts."""
        return [example.text for example in self.examples]

    @property
    def labels(self) -> list[str]:
        """What they turned out to be."""
        return [example.label for example in self.examples]


@dataclass(frozen=True, slots=True)
class Match:
    """The candidate against the model in use: macro-F1 of both on `rows` held-out tickets.

    on: "fresh" where neither model knew the tickets, "recorded" where the old one's figure is that
    of its own training, "" where there was nothing to compare with.
    """

    version: int = 0
    before: float = 0.0
    after: float = 0.0
    rows: int = 0
    on: str = ""

    @property
    def refusal(self) -> str:
        """Why the candidate must not replace the one in use; "" where it may."""
        if not self.on or self.after >= self.before - TOLERANCE:
            return ""
        return (
            f"macro-F1 {self.after:.3f} against {self.before:.3f} on {self.rows} held-out tickets"
        )

    def as_json(self) -> dict[str, Any]:
        """The stored form; empty where there was nothing to compare with."""
        if not self.on:
            return {}
        figures = {"before": round(self.before, 4), "after": round(self.after, 4)}
        return {"version": self.version, **figures, "rows": self.rows, "on": self.on}


class Library:
    """The vectors of one run's examples: each text is embedded at most once.

    What the index holds is read from it, if the ticket still says what was indexed.
    tuner: tunes the sentence model itself, where somebody asked for it.
    """

    def __init__(
        self, encoder: Encoder, store: VectorStore | None = None, tuner: Tuner | None = None
    ) -> None:
        self.encoder, self.tuner = encoder, tuner
        self._store = store
        self._known: dict[int, Vectors] = {}

    def vectors(self, examples: Sequence[Example], tell: Callable[[float], None]) -> Vectors:
        """One row for each example; `tell` hears the share done."""
        for start in range(0, len(examples), READ_BATCH):
            part = [
                e for e in examples[start : start + READ_BATCH] if e.ticket_id not in self._known
            ]
            self._read(part)
            missing = [e for e in part if e.ticket_id not in self._known]
            for first in range(0, len(missing), EMBED_BATCH):
                some = missing[first : first + EMBED_BATCH]
                rows = self.encoder.encode([e.text for e in some])
                self._known.update(zip((e.ticket_id for e in some), rows, strict=True))
                tell(min(1.0, (start + first + EMBED_BATCH) / len(examples)))
        tell(1.0)
        return np.stack([self._known[example.ticket_id] for example in examples])

    def _read(self, examples: Sequence[Example]) -> None:
        if self._store is None or not examples:
            return
        ids = {point_id("ticket", example.ticket_id): example for example in examples}
        for key, stored in self._store.retrieve(list(ids)).items():
            example = ids[key]
            if stored.payload.get("text") == example.text[:STORED_CHARACTERS]:
                self._known[example.ticket_id] = stored.vector


def run(
    organization_id: int,
    training_id: int,
    *,
    encoder: Encoder,
    store: VectorStore | None = None,
    progress: Progress | None = None,
    fine_tune: str = "",
) -> bool:
    """Do a waiting training; returns whether it was ours to do and went well.

    No transaction is open while models learn. The error is kept on the run's row.
    store: the index, where this process owns one; vectors in it are not computed again.
    fine_tune: "gpu" or "cpu" tunes the sentence model too; "" does what the setting says.
    """
    with working(Training, organization_id, training_id) as claim:
        if claim is None:
            return False
        where = fine_tune or settings.AI_FINE_TUNE
        try:
            library = Library(encoder, store, tuner(where))
            models, report = _train_all(organization_id, claim, library, progress)
        except Exception as error:
            logger.exception("training_failed", extra={"training": claim.pk})
            message = error.message if isinstance(error, EngineError) else repr(error)
            with organization_scope(organization_id):
                fail(claim, message)
            return False
        with organization_scope(organization_id):
            finish_training(claim, models=models, report=report)
        return True


def _train_all(
    organization_id: int, claim: Claim[Training], library: Library, progress: Progress | None
) -> tuple[list[NewModel], dict[str, Any]]:
    models: list[NewModel] = []
    report: dict[str, Any] = {}
    for number, kind in enumerate(KINDS):

        def tell(share: float, kind: str = kind, number: int = number) -> None:
            if progress is not None:
                progress(kind, share)
            with organization_scope(organization_id):
                note_progress(claim, (number + share) / len(KINDS))
            release()

        model, report[kind] = _train_kind(organization_id, kind, library, tell)
        if model is not None:
            models.append(model)
    return models, report


def _train_kind(
    organization_id: int, kind: str, library: Library, tell: Callable[[float], None]
) -> tuple[NewModel | None, dict[str, Any]]:
    with organization_scope(organization_id):
        examples = load_examples(organization_id, kind)
        options = options_of(organization_id)
    release()
    known = {"category": options.categories, "team": options.teams}.get(kind, ())
    active = {option.label for option in known}
    if active:
        examples = [example for example in examples if example.label in active]
    classes = len({example.label for example in examples})
    origins = Counter(example.origin.value for example in examples)
    report: dict[str, Any] = {"examples": len(examples), "classes": classes, "origins": origins}
    if len(examples) < MINIMUM_EXAMPLES or classes < MINIMUM_CLASSES:
        model, told = train_shared(organization_id, kind, examples, known, library.encoder, tell)
        if model is None:
            # Whatever was borrowed before is not lent any more, or not used.
            with organization_scope(organization_id):
                forget_shared(organization_id=organization_id, kind=kind)
        tell(1.0)
        return model, {**report, "outcome": "too_little", "needed": MINIMUM_EXAMPLES, **told}
    vectors = library.vectors(examples, lambda share: tell(share * 0.3))
    # Urgency is learned from few words of few people: rules decide it as well.
    material = Material(kind, examples, vectors, known, library.tuner if active else None)
    prototypes = describe_prototypes(library.encoder, {o.label: [o.words] for o in known})
    quality, match = _measure(
        organization_id, material, prototypes, lambda share: tell(0.3 + share * 0.3)
    )
    final = _fit(material, prototypes, lambda share: tell(0.6 + share * 0.4))
    model = NewModel(
        kind=kind,
        content=final.dumps(),
        classes=list(final.classes),
        trained_on=len(examples),
        metrics=quality.as_json(),
        refusal=match.refusal,
    )
    outcome = "kept_old" if match.refusal else "promoted"
    told = {"outcome": outcome, "reason": match.refusal, "metrics": quality.as_json()}
    return model, {**report, **told, "match": match.as_json()}


def _fit(
    material: Material, prototypes: dict[str, Vectors], tell: Callable[[float], None]
) -> Classifier:
    usual = train(
        material.texts,
        material.labels,
        material.vectors,
        prototypes=prototypes,
        trust=[example.trust for example in material.examples],
        progress=tell,
    )
    if material.tuner is None:
        return usual

    def train_on(rows: Ints) -> Classifier:
        part = replace(material.part(rows.tolist()), tuner=None)
        return _fit(part, prototypes, lambda _share: None)

    return tune(usual, material.tuner, material.texts, material.labels, material.vectors, train_on)


def _measure(
    organization_id: int,
    material: Material,
    prototypes: dict[str, Vectors],
    tell: Callable[[float], None],
) -> tuple[Quality, Match]:
    """Quality on held-out tickets, and how the candidate fares against the model in use."""
    held = [i for i, e in enumerate(material.examples) if _is_held(e.ticket_id)]
    used = [i for i, e in enumerate(material.examples) if not _is_held(e.ticket_id)]
    candidate = _fit(material.part(used), prototypes, tell)
    quality = _judge(candidate, material.part(held))
    with organization_scope(organization_id):
        # One's own history is not measured against what others lent while there was none.
        active = TrainedModel.objects.filter(
            organization_id=organization_id, kind=material.kind, is_active=True, is_shared=False
        ).first()
    if active is None:
        return quality, Match()
    fresh = [i for i in held if material.examples[i].settled_at > active.created_at]
    if len(fresh) < FAIR_ROWS:
        before = float(active.metrics.get("macro_f1", 0.0))
        return quality, Match(active.version, before, quality.macro_f1, quality.rows, "recorded")
    part = material.part(fresh)
    try:
        old = load_classifier(bytes(active.content))
    except EngineError:
        return quality, Match(active.version)
    if old.dimension != material.vectors.shape[1]:
        return quality, Match(active.version)
    new_score, old_score = _judge(candidate, part).macro_f1, _judge(old, part).macro_f1
    return quality, Match(active.version, old_score, new_score, len(fresh), "fresh")


def _is_held(ticket_id: int) -> bool:
    """The same tickets every time, so that two trainings are measured alike."""
    return hashlib.blake2b(str(ticket_id).encode(), digest_size=2).digest()[0] % HELD_SHARE == 0


def _judge(classifier: Classifier, material: Material) -> Quality:
    predicted = classifier.predict(material.texts, material.vectors)
    return measure(material.labels, [[(x.value, x.confidence) for x in row] for row in predicted])
