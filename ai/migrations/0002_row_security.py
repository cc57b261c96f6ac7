from django.db import migrations

from omnidesk.core.rowsecurity import EnableRowSecurity

TABLES = (
    "ai_enrichment",
    "ai_indexentry",
    "ai_modelcall",
    "ai_policy",
    "ai_suggestion",
    "ai_trainedmodel",
    "ai_training",
)


class Migration(migrations.Migration):
    dependencies = [("ai", "0001_initial"), ("accounts", "0002_row_security")]

    operations = [EnableRowSecurity(table) for table in TABLES]
