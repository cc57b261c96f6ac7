"""The demo desk's macros and rules, in the four languages of the product.

Names in braces are the product's placeholders; an action names a team by the demo desk's key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from omnidesk.demo.content.fields import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoMacro:
    name: Texts
    text: Texts
    actions: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRule:
    name: Texts
    description: Texts
    condition: dict[str, Any]
    actions: tuple[dict[str, Any], ...]
    kind: str = "event"
    triggers: tuple[str, ...] = ()
    on: bool = True
    # Texts of notices, by place in `actions`.
    words: dict[int, Texts] = field(default_factory=dict[int, Texts])


MACROS: tuple[DemoMacro, ...] = (
    DemoMacro(
        name=(
            "Ask for details",
            "Nach Einzelheiten fragen",
            "Demander des précisions",
            "Pedir más detalles",
        ),
        text=(
            (
                "Hello {first_name},\n\nthank you for writing. So that we can look into it: "
                "since when does it happen, on which device, and what exactly does the message "
                "say? A picture of the screen helps.\n\nKind regards\n{agent}"
            ),
            (
                "Hallo {first_name},\n\ndanke für Ihre Nachricht. Damit wir nachsehen können: "
                "Seit wann tritt es auf, auf welchem Gerät, und wie lautet die Meldung genau? "
                "Ein Bild vom Bildschirm hilft.\n\nFreundliche Grüße\n{agent}"
            ),
            (
                "Bonjour {first_name},\n\nmerci pour votre message. Pour que nous puissions "
                "vérifier : depuis quand cela se produit-il, sur quel appareil, et que dit "
                "exactement le message ? Une capture d’écran nous aide.\n\nCordialement\n"
                "{agent}"
            ),
            (
                "Hola, {first_name}:\n\nGracias por escribirnos. Para poder revisarlo: ¿desde "
                "cuándo ocurre, en qué equipo y qué dice exactamente el mensaje? Una captura "
                "de pantalla ayuda.\n\nSaludos cordiales\n{agent}"
            ),
        ),
        actions=({"do": "set_status", "status": "waiting", "reason": "requester"},),
    ),
    DemoMacro(
        name=(
            "Account is unlocked",
            "Konto ist entsperrt",
            "Le compte est débloqué",
            "La cuenta está desbloqueada",
        ),
        text=(
            (
                "Hello {first_name},\n\nyour account is unlocked. Please wait two minutes and "
                "sign in again. If it locks once more, answer here and we look for the device "
                "that still uses the old password.\n\nKind regards\n{agent}"
            ),
            (
                "Hallo {first_name},\n\nIhr Konto ist entsperrt. Bitte warten Sie zwei Minuten "
                "und melden Sie sich neu an. Sperrt es sich noch einmal, antworten Sie hier: "
                "Dann suchen wir das Gerät, das noch das alte Passwort verwendet.\n\n"
                "Freundliche Grüße\n{agent}"
            ),
            (
                "Bonjour {first_name},\n\nvotre compte est débloqué. Attendez deux minutes, "
                "puis reconnectez-vous. S’il se bloque encore, répondez ici : nous chercherons "
                "l’appareil qui utilise toujours l’ancien mot de passe.\n\nCordialement\n"
                "{agent}"
            ),
            (
                "Hola, {first_name}:\n\nSu cuenta está desbloqueada. Espere dos minutos y "
                "vuelva a iniciar sesión. Si se bloquea otra vez, responda aquí y buscaremos "
                "el equipo que aún usa la contraseña antigua.\n\nSaludos cordiales\n{agent}"
            ),
        ),
        actions=(
            {"do": "add_tags", "tags": ["unlocked"]},
            {"do": "set_status", "status": "resolved"},
        ),
    ),
    DemoMacro(
        name=(
            "Known outage",
            "Bekannte Störung",
            "Panne connue",
            "Avería conocida",
        ),
        text=(
            (
                "Hello {first_name},\n\nseveral colleagues report the same, and we are on it. "
                "You need not do anything; we write here as soon as it works again.\n\nKind "
                "regards\n{agent}"
            ),
            (
                "Hallo {first_name},\n\nmehrere melden das Gleiche, und wir arbeiten daran. "
                "Sie müssen nichts tun; wir schreiben hier, sobald es wieder geht.\n\n"
                "Freundliche Grüße\n{agent}"
            ),
            (
                "Bonjour {first_name},\n\nplusieurs personnes signalent la même chose et nous "
                "nous en occupons. Vous n’avez rien à faire ; nous écrirons ici dès que cela "
                "refonctionne.\n\nCordialement\n{agent}"
            ),
            (
                "Hola, {first_name}:\n\nVarias personas informan de lo mismo y estamos en "
                "ello. No tiene que hacer nada; escribiremos aquí en cuanto vuelva a "
                "funcionar.\n\nSaludos cordiales\n{agent}"
            ),
        ),
        actions=({"do": "add_tags", "tags": ["outage"]},),
    ),
)

RULES: tuple[DemoRule, ...] = (
    DemoRule(
        name=(
            "Phishing goes to security",
            "Phishing geht an die Sicherheit",
            "Le phishing va à la sécurité",
            "El phishing va a seguridad",
        ),
        description=(
            "A new ticket that speaks of phishing is seen by the security team at once.",
            "Ein neues Ticket, in dem es um Phishing geht, sieht das Sicherheitsteam sofort.",
            "Un nouveau ticket qui parle de phishing est vu aussitôt par l’équipe de sécurité.",
            "Un ticket nuevo que habla de phishing lo ve enseguida el equipo de seguridad.",
        ),
        triggers=("opened",),
        condition={
            "any": [
                {"field": "subject", "op": "has_word", "value": "phishing"},
                {"field": "first_text", "op": "has_word", "value": "phishing"},
            ]
        },
        actions=(
            {"do": "add_tags", "tags": ["phishing"]},
            {"do": "notify", "who": "one_team", "team": "security"},
        ),
        words={
            1: (
                "Somebody reports phishing: {subject}",
                "Jemand meldet Phishing: {subject}",
                "Quelqu’un signale du phishing : {subject}",
                "Alguien avisa de phishing: {subject}",
            )
        },
    ),
    DemoRule(
        name=(
            "Solution overdue: tell the team",
            "Lösung überfällig: Team benachrichtigen",
            "Résolution en retard : prévenir l’équipe",
            "Solución fuera de plazo: avisar al equipo",
        ),
        description=(
            "When the agreed time for a solution has passed, the ticket’s team hears of it once.",
            "Ist die vereinbarte Zeit für die Lösung verstrichen, erfährt das Team es einmal.",
            "Quand le délai de résolution est dépassé, l’équipe en est prévenue une fois.",
            "Cuando se supera el plazo de solución, el equipo recibe un aviso, una sola vez.",
        ),
        triggers=("sla_late",),
        condition={"field": "sla_metric", "op": "is", "value": "resolution"},
        actions=({"do": "notify", "who": "team"},),
        words={
            0: (
                "The solution of {number} is overdue",
                "Die Lösung von {number} ist überfällig",
                "La résolution de {number} est en retard",
                "La solución de {number} está fuera de plazo",
            )
        },
    ),
    DemoRule(
        name=(
            "Nobody took it for four hours",
            "Vier Stunden ohne Bearbeitung",
            "Personne ne l’a pris depuis quatre heures",
            "Nadie lo ha tomado en cuatro horas",
        ),
        description=(
            "Off until you want it: gives an open ticket to the least busy who are present.",
            "Aus, bis Sie es wollen: gibt ein offenes Ticket der am wenigsten belasteten Person.",
            "Désactivée au départ : confie un ticket ouvert à la personne la moins occupée.",
            "Desactivada al principio: da un ticket abierto a la persona menos ocupada.",
        ),
        kind="time",
        condition={
            "all": [
                {"field": "status_category", "op": "is", "value": "open"},
                {"field": "assignee", "op": "empty"},
                {"field": "hours_open", "op": "greater", "value": 4},
            ]
        },
        actions=({"do": "assign_by", "strategy": "load"},),
        on=False,
    ),
)
