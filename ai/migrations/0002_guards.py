from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity

GUARDED = (
    "ai_conversation",
    "ai_document",
    "ai_documentpassage",
    "ai_enrichment",
    "ai_indexentry",
    "ai_modelcall",
    "ai_policy",
    "ai_suggestion",
    "ai_trainedmodel",
    "ai_training",
    "ai_turn",
)


class Migration(migrations.Migration):
    replaces = [("ai", "0006_chat")]
    dependencies = [("ai", "0001_tables"), ("accounts", "0002_guards")]

    operations = [EnableRowSecurity(table) for table in GUARDED]
