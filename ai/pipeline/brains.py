"""The classifiers of an organization, kept in memory until a newer version is in use."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from ai.db import release
from ai.engine.classify import Classifier, describe_prototypes
from ai.engine.embed import Vectors
from ai.engine.training import train
from ai.engine.tuned import load_classifier
from ai.engine.types import EngineError, Label
from ai.models import TrainedModel
from ai.pipeline.case import Case, Option
from ai.runtime import Runtime
from omnidesk.core.tenancy import organization_scope

# Classifiers kept in memory: three kinds for a few dozen organizations.
KEPT = 96
# Texts whose labels a classifier remembers: those of the turns under way.
REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class Brain:
    """A classifier with where it comes from; `version` 0 is the descriptions alone.

    is_shared: it learned from other organizations: none of its words is anybody's evidence here.
    """

    classifier: Classifier
    version: int = 0
    is_shared: bool = False
    _told: dict[str, list[Label]] = field(default_factory=dict[str, list[Label]], compare=False)

    @property
    def is_trained(self) -> bool:
        """Whether history speaks, the desk's own or what others lend."""
        return self.version > 0

    @property
    def name(self) -> str:
        """How the verdict names it."""
        if not self.version:
            return "local cold start"
        return f"shared {self.version}" if self.is_shared else f"local {self.version}"

    def labels(self, text: str, vector: Vectors) -> list[Label]:
        """All labels of one text, best first."""
        known = self._told.get(text)
        return self.read([text], vector[None, :])[0] if known is None else known

    def read(self, texts: Sequence[str], vectors: Vectors) -> list[list[Label]]:
        """The same of several, remembered for a while: one pass costs little more than one text."""
        found = self.classifier.predict(texts, vectors, top=len(self.classifier.classes))
        if len(self._told) + len(texts) > REMEMBERED:
            self._told.clear()
        self._told.update(zip(texts, found, strict=True))
        return found


_lock = threading.Lock()
_kept: "OrderedDict[tuple[int, str, str], Brain]" = OrderedDict()


def brain_for(
    runtime: Runtime, case: Case, kind: str, options: Sequence[Option] = ()
) -> Brain | None:
    """The trained classifier in use, or one from the descriptions; None without options.

    Which one is in use was read with the case; a database is asked for a new one's content alone.
    """
    active = case.options.model(kind)
    if active is not None:
        is_shared = active[0] in case.options.shared
        found = _trained(runtime, case.organization_id, kind, *active, is_shared=is_shared)
        if found is not None:
            return found
    if not options:
        return None
    return _cold(runtime, case.organization_id, kind, options)


def _trained(
    runtime: Runtime, organization_id: int, kind: str, pk: int, version: int, *, is_shared: bool
) -> Brain | None:
    key = (organization_id, kind, f"trained {pk}")
    known = _recall(key)
    if known is not None:
        return known
    with organization_scope(organization_id):
        rows = TrainedModel.objects.filter(pk=pk).values_list("content", flat=True)
        content = rows.first()
    release()
    if content is None:
        # Replaced and cleared away since the case was read.
        return None
    try:
        classifier = load_classifier(bytes(content))
    except EngineError:
        # A format of an older release: the descriptions answer until the next training.
        return None
    if classifier.dimension != runtime.embedder.dimension:
        return None
    return _remember(key, Brain(classifier, version, is_shared))


def _cold(runtime: Runtime, organization_id: int, kind: str, options: Sequence[Option]) -> Brain:
    words = "\n".join(f"{option.label} {option.words}" for option in options)
    digest = hashlib.blake2b(words.encode("utf-8", "replace"), digest_size=12).hexdigest()
    key = (organization_id, kind, f"cold {digest}")
    known = _recall(key)
    if known is not None:
        return known
    prototypes = describe_prototypes(
        runtime.batcher, {option.label: [option.words] for option in options}
    )
    return _remember(key, Brain(train([], [], prototypes=prototypes)))


def _recall(key: tuple[int, str, str]) -> Brain | None:
    with _lock:
        found = _kept.get(key)
        if found is not None:
            _kept.move_to_end(key)
        return found


def _remember(key: tuple[int, str, str], brain: Brain) -> Brain:
    with _lock:
        _kept[key] = brain
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return brain


def loaded() -> list[int]:
    """Primary keys of the trained models that this process holds in memory."""
    with _lock:
        names = [name for _organization, _kind, name in _kept]
    return [int(name.split()[1]) for name in names if name.startswith("trained ")]
