"""The brain: text in, findings out. Pure Python; knows no Django, no Celery, no ticket.

Importing any module here is cheap; torch loads when an `Embedder` is constructed.

    embed.Embedder(model="")                    the sentence model, once per process
    batching.MicroBatcher(encoder)              share it between threads; .statistics()
    store_edge.EdgeStore(folder, dimension=...) the embedded vector store (one process)
    store_server.ServerStore.connect(url, ...)  the same on a Qdrant server
    language.detect(text, fallback)             -> (code, confidence)
    redact.redact(text)                         -> Redacted; .text leaves, .restore(answer)

Indexing and search:

    retrieve.ticket_points(encoder, organization_id, ticket_id, subject=, description=)
    retrieve.knowledge_points(encoder, organization_id, kind, object_id, title=, body=)
    store.upsert(points); store.delete_object(kind, object_id, keep_chunks=len(points))
    retrieve.Retriever(encoder, store).similar_tickets(text, organizations={1}, ...)
    retrieve.Retriever(encoder, store).knowledge(text, organizations={1}, ...)
    retrieve.passages(found)                    -> what a draft may quote

Classification (one classifier per organization and question: category, team, urgency):

    classify.describe_prototypes(encoder, {label: [name + description, example, ...]})
    classify.train(texts, labels, embeddings, prototypes=...) -> Classifier
    classifier.predict(texts, embeddings, top=3) -> list[list[Label]]
    classifier.explain(text, label)              -> list[Evidence]
    classifier.dumps() / Classifier.loads(blob)  bytes for a BinaryField, no pickle
    urgency.assess(text, affected=, head=, embedding=) -> Assessment (.label, .evidence)

The text of a ticket is always `retrieve.ticket_text(subject, description)`: train,
predict, embed and search with the same.

Drafts:

    draft.compose(question, passages, encoder, language=, requester=, signature=)
        -> Draft or NoDraft(code, reason)
    draft.unsupported_sentences(generated_text, passages, encoder) -> tuple[str, ...]

A language model, where the organization has one:

    llm.LLMProvider                             the port: triage(...) and draft(...)
    llm_anthropic.AnthropicProvider(api_key=..., model=...)
    breaker.CircuitBreaker                      stop asking a service that is down

Measuring: evaluate.run_classification(...), evaluate.run_retrieval(...).

Every failure is an `EngineError(message, permanent)`; `permanent` says that trying
again is no use. Values are frozen dataclasses from `types`.
"""
