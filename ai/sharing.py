"""The model that a young organization uses until its own history is long enough.

It is learned from what others lend (`ai.borrowing`) and from what there is of one's own, and put
into use only where it sorted a lender's tickets, which it did not know, better than the names and
descriptions of the categories did.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ai.actions.training import NewModel
from ai.borrowing import Loan, borrow
from ai.engine.classify import Classifier, describe_prototypes
from ai.engine.embed import Encoder, Vectors
from ai.engine.training import train
from ai.examples import Example
from ai.lending import lenders
from ai.pipeline.case import Option
from ai.quality import Quality, measure

# Tickets of a lender that judge, and how many lenders are left out in turn.
JUDGING_ROWS = 200
MOST_JUDGED = 3
EMBED_BATCH = 64
TOO_FEW = 30

Report = dict[str, Any]


def train_shared(
    organization_id: int,
    kind: str,
    own: Sequence[Example],
    known: Sequence[Option],
    encoder: Encoder,
    tell: Callable[[float], None],
) -> tuple[NewModel | None, Report]:
    """The shared model of a kind and its report; (None, {}) where nothing can be borrowed."""
    before = lenders(organization_id)
    loans = borrow(organization_id, kind, known)
    if sum(len(loan.labels) for loan in loans) < TOO_FEW:
        return None, {}
    prototypes = describe_prototypes(encoder, {o.label: [o.words] for o in known})
    vectors = [_embed(encoder, loan.common) for loan in loans]
    tell(0.4)
    cold, shared = _judge(loans, vectors, prototypes, encoder)
    tell(0.7)
    refusal = ""
    if shared.macro_f1 <= cold.macro_f1:
        refusal = f"macro-F1 {shared.macro_f1:.3f} against {cold.macro_f1:.3f} of the descriptions"
    texts = [text for loan in loans for text in loan.common] + [example.text for example in own]
    labels = [label for loan in loans for label in loan.labels] + [one.label for one in own]
    mine = _embed(encoder, [example.text for example in own])
    final = train(
        texts,
        labels,
        np.concatenate([*vectors, mine]) if own else np.concatenate(vectors),
        prototypes=prototypes,
        neighbours=False,
    )
    if lenders(organization_id) != before:
        # Somebody withdrew meanwhile: what they lent must not stay.
        return None, {}
    metrics = shared.as_json()
    borrowed = len(texts) - len(own)
    model = NewModel(
        kind=kind,
        content=final.dumps(),
        classes=list(final.classes),
        trained_on=len(own),
        metrics={**metrics, "borrowed": borrowed},
        refusal=refusal,
        is_shared=True,
    )
    match = {"before": round(cold.macro_f1, 4), "after": round(shared.macro_f1, 4)}
    return model, {
        "outcome": "kept_old" if refusal else "shared",
        "reason": refusal,
        "metrics": metrics,
        "borrowed": borrowed,
        "match": {"version": 0, **match, "rows": shared.rows, "on": "lenders"},
    }


def _judge(
    loans: Sequence[Loan],
    vectors: Sequence[Vectors],
    prototypes: dict[str, Vectors],
    encoder: Encoder,
) -> tuple[Quality, Quality]:
    """Descriptions and shared model on whole tickets of lenders that were left out in turn."""
    truth: list[str] = []
    rows: tuple[list[list[tuple[str, float]]], ...] = ([], [])
    for left_out, loan in list(enumerate(loans))[:MOST_JUDGED]:
        texts, labels = loan.texts[-JUDGING_ROWS:], loan.labels[-JUDGING_ROWS:]
        rest = [number for number in range(len(loans)) if number != left_out]
        learned = train(
            [text for number in rest for text in loans[number].common],
            [label for number in rest for label in loans[number].labels],
            np.concatenate([vectors[number] for number in rest]),
            prototypes=prototypes,
            neighbours=False,
        )
        asked = _embed(encoder, texts)
        truth += labels
        for found, model in zip(rows, (train([], [], prototypes=prototypes), learned), strict=True):
            found += _answers(model, texts, asked)
    return measure(truth, rows[0]), measure(truth, rows[1])


def _answers(
    model: Classifier, texts: Sequence[str], vectors: Vectors
) -> list[list[tuple[str, float]]]:
    return [[(x.value, x.confidence) for x in row] for row in model.predict(texts, vectors)]


def _embed(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    parts = [
        encoder.encode(list(texts[start : start + EMBED_BATCH]))
        for start in range(0, len(texts), EMBED_BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, encoder.dimension), dtype=np.float32)
