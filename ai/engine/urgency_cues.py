"""The words by which people say how urgent something is, in four languages.

Each cue: (name, weight, pattern). Weights add up on a scale where 0 is low, 1 is
medium (where every ticket starts), 2 is high and 3 is critical. Patterns have no
nested repetition, so they run in linear time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cue:
    """A way to say it. A negated cue ("not urgent") counts `negated` instead."""

    name: str
    weight: float
    pattern: re.Pattern[str]
    negated: float = 0.0


def _cue(name: str, weight: float, *patterns: str, negated: float = 0.0) -> Cue:
    joined = "|".join(patterns)
    return Cue(name, weight, re.compile(rf"(?<!\w)(?:{joined})(?!\w)", re.IGNORECASE), negated)


CUES = (
    _cue(
        "urgent",
        1.0,
        r"urgent(?:ly)?|asap|as soon as possible|immediately|emergency|critical|top priority",
        r"dringend(?:e[rsnm]?)?|eilig|sofort(?:ig)?|schnellstmöglich|umgehend|notfall|kritisch",
        r"urgente?s?|urgence|immédiatement|au plus vite|dès que possible|critique",
        r"urgencia|inmediat(?:o|a|amente)|lo antes posible|cuanto antes|emergencia|crítico",
        negated=-1.0,
    ),
    _cue(
        "outage",
        1.2,
        r"outage|(?:is|are|went|completely|totally|still|all) (?:(?!not |n't )\w+ )?down",
        r"unreachable",
        r"crash(?:ed|es|ing)?|offline|unavailable|not responding|stopped working",
        r"ausfall|ausgefallen|abgestürzt|nicht (?:mehr )?erreichbar|steht still|störung",
        r"panne|hors service|en panne|inaccessible|ne répond (?:plus|pas)|indisponible",
        r"caíd[oa]s?|fuera de servicio|no responde|inaccesible|interrupción|no disponible",
    ),
    _cue(
        "cannot_work",
        1.0,
        r"(?:can ?not|can't|cant|unable to|not able to) (?:\w+ )?work",
        r"(?:can ?not|can't|cant) do (?:my|our|any) (?:job|work)|work(?:ing)? (?:is )?blocked",
        r"blocking (?:us|me|our work)|at a standstill|(?:is|are|am) blocked",
        r"kann nicht (?:mehr )?arbeiten|können nicht (?:mehr )?arbeiten|arbeitsunfähig",
        r"(?:peux|pouvons|peut|peuvent) (?:plus|pas) travailler|bloqu(?:é|ée|és|ées|ant)",
        r"(?:no )?(?:puedo|podemos|puede|pueden) trabajar|bloquead[oa]s?",
    ),
    _cue(
        "everyone",
        1.2,
        r"every(?:one|body)|all (?:of )?(?:us|users|staff|employees|colleagues|departments)",
        r"(?:whole|entire|complete) (?:site|company|office|department|team|floor|building|plant)",
        r"company[- ]wide|site[- ]wide|nobody can|no one can|several (?:users|people)",
        r"alle (?:benutzer|nutzer|kollegen|mitarbeiter|anwender)|niemand kann|firmenweit",
        r"(?:ganze[rsn]?|gesamte[rsn]?) (?:standort|firma|büro|abteilung|team|werk|etage)",
        r"tout le monde|tous les (?:utilisateurs|collègues|employés)|personne ne peut",
        r"(?:tout le|toute la|toute l') ?(?:site|société|bureau|service|équipe|entreprise)",
        r"todos los (?:usuarios|compañeros|empleados)|nadie puede|todo el mundo",
        r"tod[oa] (?:el|la) (?:sede|empresa|oficina|departamento|equipo|planta)",
    ),
    _cue(
        "production",
        1.0,
        r"production (?:line|is|has|server|system|down|stopped)",
        r"customers? (?:can ?not|can't|are)",
        r"losing (?:money|orders|customers)|revenue|payroll|checkout|point of sale",
        r"produktion(?:slinie|sserver)?|kunden können|umsatz(?:verlust)?|lohnabrechnung|kasse",
        r"(?:ligne|serveur) de production|clients? ne peu(?:t|vent)|chiffre d'affaires|la paie",
        r"(?:línea|servidor) de producción|clientes no pueden|facturación|nóminas?",
    ),
    _cue(
        "deadline",
        1.0,
        r"deadline|by (?:noon|tonight|today|tomorrow|end of (?:the )?day|eod)",
        r"(?:in|within) (?:the next )?(?:an|one|two|half an|\d{1,2}) (?:hours?|minutes?|mins?)",
        r"before (?:noon|\d{1,2}(?::\d\d)? ?(?:am|pm|o'clock))|starts? (?:in|at) \d{1,2}",
        r"frist|bis (?:heute|morgen|mittag)|in (?:einer|zwei|\d{1,2}) (?:stunden?|minuten?)",
        r"échéance|délai",
        r"avant (?:midi|ce soir|demain)|dans (?:une|deux|\d{1,2}) (?:heures?|minutes?)",
        r"fecha límite|plazo",
        r"antes de (?:hoy|mañana|las \d{1,2})|en (?:una|dos|\d{1,2}) (?:horas?|minutos?)",
    ),
    _cue(
        "security",
        2.0,
        r"ransomware|data (?:breach|leak)|security (?:incident|breach)|hacked|compromised",
        r"gehackt|datenleck|sicherheitsvorfall|verschlüsselungstrojaner|erpressungstrojaner",
        r"piraté[es]?|fuite de données|incident de sécurité|rançongiciel",
        r"hackead[oa]s?|fuga de datos|incidente de seguridad|ransomware",
    ),
    _cue(
        "suspicious",
        1.1,
        r"phish(?:ing|ed)|malware|virus|(?:clicked|opened) (?:on )?(?:a|the|this) suspicious \w+",
        r"stolen (?:laptop|phone|device|computer)|(?:laptop|phone) (?:was |got )?stolen",
        r"schadsoftware|gestohlen|hameçonnage|volée?s?|robad[oa]s?|suplantación",
    ),
    _cue(
        "data_loss",
        1.0,
        r"data loss|lost (?:all|my|our) (?:data|files|work)",
        r"files? (?:are|is|have) (?:gone|encrypted)",
        r"datenverlust|daten (?:sind )?(?:weg|verloren)|perte de données|pérdida de datos",
    ),
    _cue(
        "no_rush",
        -1.0,
        r"no (?:rush|hurry)|whenever you (?:can|have time|get a chance)",
        r"when you have (?:a )?time",
        r"low priority|not time[- ]critical|take your time|no need to hurry|at your convenience",
        r"keine eile|hat zeit|eilt nicht",
        r"wenn (?:sie|du|ihr) zeit (?:haben|hast|habt)|bei gelegenheit",
        r"pas pressé[es]?|rien ne presse|sans urgence|quand vous (?:aurez|avez) le temps",
        r"sin prisa|no hay prisa|no corre prisa|cuando (?:pueda|tenga tiempo|puedas)",
    ),
    _cue(
        "workaround",
        -0.7,
        r"work ?around|can still work|still able to work|can use (?:another|the other|my other)",
        r"weiterarbeiten|umgehungslösung|ausweichen|behelfe mir",
        r"solution de contournement|(?:peux|pouvons) (?:quand même|encore) travailler",
        r"solución alternativa|(?:puedo|podemos) seguir trabajando",
    ),
    _cue(
        "question",
        -0.5,
        r"how (?:do|can) (?:i|we)|is it possible",
        r"would like to (?:know|request|order)|just wondering",
        r"feature request|suggestion|nice to have",
        r"for information|next (?:week|month|quarter|year)",
        r"wie kann ich|ist es möglich|ich möchte gern",
        r"verbesserungsvorschlag|nächste[nr]? (?:woche|monat)",
        r"comment (?:puis-je|faire)|est-il possible|je voudrais savoir",
        r"la semaine prochaine|le mois prochain",
        r"cómo puedo|es posible|quisiera saber|me gustaría|la próxima semana|el próximo mes",
    ),
    _cue(
        "resolved",
        -1.0,
        r"works? again|working again|back to normal",
        r"back online|(?:is|was|been) (?:fixed|resolved|solved)",
        r"funktioniert wieder|geht wieder|wieder erreichbar|behoben|erledigt",
        r"fonctionne à nouveau|remarche|résolue?|de nouveau en ligne",
        r"funciona de nuevo|vuelve a funcionar|resuelto|solucionado",
    ),
)

# Looked for in the few words before a cue, inside the same clause.
NEGATION = re.compile(
    r"(?<!\w)(?:not|no|isn't|isnt|aren't|wasn't|never|neither|without|nothing|hardly|"
    r"nicht|kein(?:e[nrms]?)?|nie|ohne|weder|ne|n|pas|aucune?|sans|jamais|ni|sin|nunca|tampoco|"
    r"ningún|ninguna)(?!\w)",
    re.IGNORECASE,
)
# What may stand behind a negation without being negated by it: "not only urgent".
EMPHASIS = re.compile(
    r"(?:not only|not just|nicht nur|pas seulement|no s[oó]lo|no solamente)\s*$", re.IGNORECASE
)
# Cues whose wording already holds a negation, or which negation does not turn.
UNTURNED = frozenset({"cannot_work", "everyone", "deadline", "no_rush", "question", "resolved"})

AFFECTED = re.compile(
    r"(?<![\w.])(\d{1,6})\+? (?:users|people|employees|colleagues|persons|workplaces|customers|"
    r"benutzer|nutzer|personen|mitarbeiter|kollegen|arbeitsplätze|kunden|utilisateurs|personnes|"
    r"employés|collègues|clients|usuarios|personas|empleados|compañeros|clientes)(?!\w)",
    re.IGNORECASE,
)

# Critical means that many cannot work, money is lost or security is breached: without
# one of these a ticket, however loud, is high at most.
WIDE = frozenset({"everyone", "production", "security", "affected"})
