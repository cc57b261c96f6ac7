"""Tasks as a worker does them: once, with cost, with an error that is kept."""

import json
from typing import Any

import pytest

from ai.actions.jobs import finish_job, start_job
from ai.actions.work import claim, recover
from ai.alive import at_work
from ai.engine.sqlcheck import problems_of
from ai.jobs.running import run
from ai.models import Job
from ai.runtime import Runtime
from ai.spending import Spent
from omnidesk.core.tenancy import organization_scope
from tests.ai.claude_service import Service
from tests.ai.test_proposing import article_of
from tests.cast import Cast

DIFF = """diff --git a/app/mail.py b/app/mail.py
--- a/app/mail.py
+++ b/app/mail.py
@@ -10,2 +10,4 @@ def send():
     connect()
+    password = "Tr0ub4dor&3-horse"
+    breakpoint()
-    close()
"""


def job_of(cast: Cast, kind: str, **data: Any) -> Job:
    with organization_scope(cast.nordwerk.pk):
        return start_job(organization_id=cast.nordwerk.pk, user=cast.alice, kind=kind, data=data)


def done(models: Runtime, cast: Cast, kind: str, **data: Any) -> Job:
    """The task after a worker did it."""
    job = job_of(cast, kind, **data)
    run(models, cast.nordwerk.pk, job.pk)
    with organization_scope(cast.nordwerk.pk):
        job.refresh_from_db()
    return job


def answering(service: Service, **record: Any) -> None:
    service.reply = lambda _body: service.message(json.dumps(record))


def test_a_review_needs_no_model_to_see_a_secret(cast: Cast, models: Runtime) -> None:
    job = done(models, cast, "pr_review", diff=DIFF, title="Mail")
    assert (job.state, job.progress, float(job.cost_usd)) == ("done", 1.0, 0.0)
    result = job.result
    assert result is not None
    assert result["files"] == [{"path": "app/mail.py", "added": 2, "removed": 1}]
    kinds = {(one["kind"], one["line"]) for one in result["findings"]}
    assert {("secret", 11), ("debugging", 12), ("no_test", 0)} <= kinds
    assert "Tr0ub4dor" not in json.dumps(result)
    assert (result["model"], result["note"]) == ("rules", "No model is set up here.")


def test_a_models_review_is_bound_to_the_files_masked_and_paid_for(
    cast: Cast, models: Runtime, service: Service
) -> None:
    remark = {"path": "app/mail.py", "line": 12, "severity": "high", "text": "It stops here."}
    answering(service, summary="Adds a password.", remarks=[remark, {**remark, "path": "/etc"}])
    job = done(models, cast, "pr_review", diff=DIFF, title="")
    assert job.result is not None
    assert job.result["remarks"] == [remark]
    assert "Tr0ub4dor" not in str(service.requests)
    assert job.tokens_out == 60
    assert job.cost_usd > 0


def test_a_text_is_analysed_in_its_own_words(cast: Cast, models: Runtime) -> None:
    text = (
        "The VPN gateway is replaced on Friday. Everybody has to enter the port 8443."
        " Ask dana@nordwerk.example. Who tests it on Monday?"
    )
    result = done(models, cast, "doc_analysis", text=text).result
    assert result is not None
    assert "The VPN gateway is replaced on Friday." in result["points"]
    assert result["questions"] == ["Who tests it on Monday?"]
    assert result["personal_data"] == {"email": 1}


def test_a_document_of_another_organization_is_not_there(cast: Cast, models: Runtime) -> None:
    job = done(models, cast, "doc_analysis", document=7)
    assert (job.state, job.error) == ("failed", "There is no such document here.")


def test_a_paper_says_what_nothing_is_known_about(cast: Cast, models: Runtime) -> None:
    article_of(
        cast, "VPN port", "To connect with the VPN enter the port 8443 in the VPN client and"
        " choose the profile Nordwerk.",
    )  # fmt: skip
    sections = ["Which port does the VPN client need?", "What is served in the canteen on Monday?"]
    result = done(
        models, cast, "paper_writing", topic="VPN", sections=sections, language="en"
    ).result
    assert result is not None
    assert [one["heading"] for one in result["sections"]] == sections[:1]
    assert "8443" in result["sections"][0]["text"]
    assert result["sections"][0]["citations"][0]["title"] == "VPN port"
    assert result["missing"] == sections[1:]


def test_sql_that_does_more_than_read_is_refused(
    cast: Cast, models: Runtime, service: Service
) -> None:
    tables = [{"name": "desk.tickets", "columns": ["id", "created_at"]}]
    answering(service, sql="SELECT count(*) FROM desk.tickets", explanation="Counts them.")
    job = done(models, cast, "snowflake_query", question="How many tickets?", tables=tables)
    assert job.result is not None
    assert (job.result["problems"], job.result["executed"]) == ([], False)
    answering(service, sql="SELECT * FROM hr.salaries", explanation="")
    job = done(models, cast, "snowflake_query", question="How many tickets?", tables=tables)
    assert (job.state, "hr.salaries" in job.error) == ("failed", True)
    assert job.cost_usd > 0, "what failed was paid for nevertheless"


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT a FROM t1 JOIN t2 ON t1.id = t2.id", 0),
        ("WITH x AS (SELECT a FROM t1) SELECT a FROM x, t2", 0),
        ("SELECT 'drop table t1; --' FROM t1", 0),
        ("SELECT a FROM t1, t3", 1),
        ("SELECT a FROM t1; DROP TABLE t1", 2),
        ("DELETE FROM t1", 2),
        ("SELECT a INTO t9 FROM t1", 1),
        ("-- nothing", 1),
    ],
)
def test_a_statement_is_checked_for_what_it_does_and_reads(sql: str, count: int) -> None:
    assert len(problems_of(sql, ["t1", "T2"])) == count, problems_of(sql, ["t1", "T2"])


def test_a_custom_task_is_answered_from_what_is_known_or_says_why_not(
    cast: Cast, models: Runtime, service: Service
) -> None:
    answering(service, text="Write to [EMAIL_1].")
    job = done(models, cast, "custom", prompt="Whom do I ask?", text="It is dana@nordwerk.example")
    assert job.result is not None
    assert job.result["text"] == "Write to dana@nordwerk.example."
    assert "dana@" not in str(service.requests)
    service.reply = lambda _body: service.message("no json")
    job = done(models, cast, "custom", prompt="Sum it up", text="It is long.")
    assert (job.state, job.error) == ("failed", "No service gave a usable answer.")


def test_a_task_is_settled_once_whoever_dies(cast: Cast, models: Runtime) -> None:
    job = job_of(cast, "doc_analysis", text="The VPN drops.")
    with organization_scope(cast.nordwerk.pk):
        with at_work(job.pk, Job.LOCK):
            slow = claim(Job, job.pk)
            assert slow is not None
            assert claim(Job, job.pk) is None
            assert recover(Job, cast.nordwerk.pk) == []
        # Its connection is gone, as after a kill -9.
        assert recover(Job, cast.nordwerk.pk) == [job.pk]
    run(models, cast.nordwerk.pk, job.pk)
    with organization_scope(cast.nordwerk.pk):
        assert not finish_job(slow, result={}, spent=Spent())
        job.refresh_from_db()
        assert (job.state, job.attempts) == ("done", 2)
        Job.objects.update(state="running")
        assert recover(Job, cast.nordwerk.pk) == []
        job.refresh_from_db()
    assert (job.state, bool(job.error)) == ("failed", True)
