"""The small talk of a desk, by language: greetings, endings, thanks, first answers.

Templates take `{name}` (how the language addresses the person), `{writer}` (first name) and
`{full}` (full name).
"""

from __future__ import annotations

GREETING: dict[str, str] = {
    "en": "Hello {name},",
    "de": "Guten Tag {name},",
    "fr": "Bonjour {name},",
    "es": "Hola, {name}:",
}

CLOSING: dict[str, tuple[str, ...]] = {
    "en": ("Kind regards\n{writer}", "Best\n{writer}, {team}", "{writer}"),
    "de": ("Freundliche Grüße\n{full}", "Viele Grüße\n{full}, {team}", "{full}"),
    "fr": ("Bien cordialement\n{full}", "Cordialement\n{full}, {team}", "{full}"),
    "es": ("Un saludo\n{writer}", "Saludos cordiales\n{full}, {team}", "{writer}"),
}

REQUESTER_OPENING: dict[str, tuple[str, ...]] = {
    "en": ("Hello,", "Hi all,", "Good morning,", "Dear IT team,", "Hi,"),
    "de": ("Hallo zusammen,", "Guten Morgen,", "Moin,", "Sehr geehrte Damen und Herren,", "Hallo,"),
    "fr": ("Bonjour,", "Bonjour à toute l'équipe,", "Bonjour à tous,"),
    "es": ("Buenos días:", "Hola:", "Hola a todos:"),
}

REQUESTER_CLOSING: dict[str, tuple[str, ...]] = {
    "en": ("Thanks\n{writer}", "Best regards\n{full}", "Cheers, {writer}", "{full}\n{title}"),
    "de": (
        "Danke\n{writer}",
        "Mit freundlichen Grüßen\n{full}",
        "Gruß, {writer}",
        "{full}\n{title}",
    ),
    "fr": ("Merci d'avance\n{full}", "Cordialement\n{full}", "{full}\n{title}"),
    "es": ("Gracias\n{writer}", "Un saludo\n{full}", "{full}\n{title}"),
}

THANKS: dict[str, tuple[str, ...]] = {
    "en": (
        "Great, thank you.",
        "Thanks a lot for your help.",
        "That was quick, thanks.",
        "Perfect.",
    ),
    "de": ("Sehr gut, danke.", "Vielen Dank, damit erledigt.", "Das ging schnell, danke sehr."),
    "fr": ("C'est réglé, merci.", "Parfait, merci beaucoup.", "Merci pour votre rapidité."),
    "es": ("Muy bien, gracias.", "Resuelto, muchas gracias.", "Perfecto, gracias."),
}

LOOKING: dict[str, tuple[str, ...]] = {
    "en": (
        "I have your ticket and am looking into it. You hear from me before the end of the day.",
        "Thanks for the details, that is all I need for now. I am working on it.",
        "I have picked this up and will write again once I know more, tomorrow at the latest.",
    ),
    "de": (
        "ich habe Ihr Ticket übernommen und melde mich heute noch mit dem Ergebnis.",
        "danke für die genaue Beschreibung, damit können wir arbeiten. Wir sind dran.",
        "ich kümmere mich darum und gebe Ihnen spätestens morgen Bescheid, wie es weitergeht.",
    ),
    "fr": (
        "J'ai bien pris en charge votre demande et reviens vers vous dans la journée.",
        "Merci pour ces précisions, elles nous suffisent. Nous y travaillons.",
    ),
    "es": (
        "He asumido su solicitud y le respondo hoy mismo con lo que encuentre.",
        "Gracias por los detalles, con eso nos basta por ahora. Estamos en ello.",
    ),
}

SURGE: dict[str, str] = {
    "en": "Several people report the same message since the gateway got a new certificate. We are "
    "checking whether the update to NordConnect 7.4 cures it and write to you as soon as we know.",
    "de": "mehrere Kolleginnen und Kollegen melden denselben Fehler, seit das Gateway ein neues "
    "Zertifikat hat. Wir prüfen, ob das Update auf NordConnect 7.4 hilft, und melden uns.",
    "fr": "Plusieurs personnes signalent le même message depuis le changement de certificat de la "
    "passerelle. Nous vérifions si la version 7.4 règle le problème et revenons vers vous.",
    "es": "Varias personas nos avisan del mismo error desde el cambio de certificado. Estamos "
    "comprobando si la versión 7.4 lo resuelve y le informamos en cuanto lo sepamos.",
}

SECOND_FIX: dict[str, str] = {
    "en": "I looked at it again with a colleague and found a second cause beside the first one. It "
    "is corrected now, and I keep an eye on it until the end of the week.",
    "de": "wir haben uns das zu zweit noch einmal angesehen und eine weitere Ursache gefunden. Sie "
    "ist behoben, wir beobachten den Fall bis zum Ende der Woche.",
}

MONTHS: dict[str, tuple[str, ...]] = {
    "de": (
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "es": (
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ),
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
}

DATE: dict[str, str] = {
    "en": "{day} {month}",
    "de": "{day}. {month}",
    "fr": "{day} {month}",
    "es": "{day} de {month}",
}
