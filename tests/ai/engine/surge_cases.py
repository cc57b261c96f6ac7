"""Outages as people report them: each a list of (language, subject, text) about one cause.

Written for these tests; none of the wordings comes with the demo desk.
"""

OUTAGES: dict[str, list[tuple[str, str, str]]] = {
    "mail": [
        (
            "en",
            "Outlook keeps asking for my password",
            "Since ten past nine Outlook shows Disconnected and nothing goes out any more.",
        ),
        (
            "en",
            "No mail since this morning",
            "Outlook says trying to connect. My colleague beside me has the same.",
        ),
        (
            "en",
            "Cannot send e-mail",
            "Messages stay in the outbox, the bottom line says disconnected from the mail server.",
        ),
        (
            "en",
            "Email down?",
            "A problem with the mail server? Outlook does not connect, the phone gets nothing.",
        ),
        (
            "de",
            "Outlook verbindet nicht",
            "Unten steht seit neun Uhr Getrennt, es kommen keine Mails mehr an.",
        ),
        (
            "de",
            "Keine E-Mails mehr",
            "Outlook versucht dauernd, eine Verbindung herzustellen. Senden geht auch nicht.",
        ),
    ],
    "vpn": [
        (
            "en",
            "VPN will not connect",
            "The VPN client stops at 40 percent and says the gateway does not respond.",
        ),
        (
            "en",
            "Can't get into VPN from home",
            "Gateway not reachable. I restarted the router twice, the internet works.",
        ),
        (
            "en",
            "VPN gateway not responding",
            "Working from home today, no connection to the company network since 8:15.",
        ),
        (
            "de",
            "VPN geht nicht",
            "Beim Verbinden kommt: Gateway antwortet nicht. Internet zu Hause läuft.",
        ),
        (
            "de",
            "Homeoffice: keine VPN-Verbindung",
            "Der VPN-Client bleibt bei 40 Prozent stehen und bricht dann ab.",
        ),
        (
            "fr",
            "VPN impossible depuis ce matin",
            "Le client VPN dit que la passerelle ne répond pas, je suis en télétravail.",
        ),
    ],
    "erp": [
        (
            "en",
            "SAP logon hangs",
            "The SAP logon window stays grey after I enter my password, production system P01.",
        ),
        (
            "en",
            "SAP P01 not reachable",
            "Nobody in purchasing can log on to SAP, it says partner not reached.",
        ),
        (
            "en",
            "SAP down",
            "Error partner not reached when opening P01. Orders cannot be released.",
        ),
        (
            "de",
            "SAP P01 startet nicht",
            "Fehler: Partner nicht erreicht. Wir können keine Lieferscheine drucken.",
        ),
        (
            "de",
            "SAP-Anmeldung hängt",
            "Nach dem Kennwort passiert nichts mehr, das ganze Lager steht.",
        ),
        (
            "es",
            "SAP P01 no responde",
            "Al entrar en SAP sale interlocutor no alcanzado, nadie en compras puede trabajar.",
        ),
    ],
    "print": [
        (
            "en",
            "Follow-me printing does nothing",
            "I badge at the copier and my list of jobs is empty although I printed five documents.",
        ),
        (
            "en",
            "Printer badge: no jobs",
            "All copiers on our floor show no print jobs after holding the badge.",
        ),
        (
            "en",
            "Print jobs gone",
            "Sent to the follow-me queue three times, the copier in the hall shows an empty list.",
        ),
        (
            "en",
            "Cannot release print jobs",
            "Badge is accepted but no job is listed. Same at both machines.",
        ),
        (
            "en",
            "Nothing prints today",
            "Follow-me queue takes the document and then it disappears.",
        ),
    ],
    "wifi": [
        ("de", "WLAN im Werk 2 weg", "In Halle 2 zeigt kein Gerät mehr das Firmen-WLAN an."),
        ("de", "Kein WLAN Halle 2", "Alle Scanner in der Halle 2 haben kein Netz mehr."),
        (
            "de",
            "Scanner ohne Netz",
            "Seit der Pause finden die Handscanner in Halle 2 das WLAN nicht.",
        ),
        (
            "de",
            "WLAN-Ausfall in der Produktion",
            "In Halle 2 ist das WLAN komplett ausgefallen, wir schreiben auf Papier.",
        ),
        ("de", "WLAN tot", "Halle 2, kein Laptop bekommt Verbindung zum Firmen-WLAN."),
    ],
    "login": [
        (
            "en",
            "Cannot sign in to my laptop",
            "It says the domain is not available. Password is right, I checked.",
        ),
        (
            "en",
            "Windows sign-in fails",
            "There are currently no logon servers available, says the sign-in screen.",
        ),
        (
            "en",
            "Domain not available at login",
            "Three people in accounting cannot log on to Windows this morning.",
        ),
        (
            "en",
            "No logon servers",
            "After the restart I cannot log in: no logon servers available for the request.",
        ),
        (
            "en",
            "Locked out of Windows",
            "The sign-in says that the domain is not available, so I cannot start work.",
        ),
    ],
    "teams": [
        (
            "fr",
            "Teams coupe le son",
            "En réunion Teams, le son se coupe toutes les dix secondes depuis ce matin.",
        ),
        (
            "fr",
            "Réunions Teams inaudibles",
            "Personne ne m'entend dans Teams, le son est haché pour tout le monde.",
        ),
        (
            "fr",
            "Son haché dans Teams",
            "Toute l'équipe a un son haché en réunion Teams, au bureau comme à la maison.",
        ),
        (
            "fr",
            "Problème audio Teams",
            "Le son des appels Teams se coupe sans arrêt, impossible de travailler.",
        ),
        (
            "fr",
            "Appels Teams impossibles",
            "Depuis neuf heures le son se coupe dans tous les appels Teams.",
        ),
    ],
    "files": [
        (
            "es",
            "No puedo abrir la unidad H",
            "La unidad H dice que la ruta de red no se encuentra desde las nueve.",
        ),
        (
            "es",
            "Unidad H desaparecida",
            "No veo la unidad H en el explorador, a mi compañera le pasa lo mismo.",
        ),
        (
            "es",
            "Carpeta compartida no disponible",
            "Al abrir la unidad H sale que no se encuentra la ruta de acceso de la red.",
        ),
        (
            "es",
            "Error en la unidad H",
            "Nadie de contabilidad puede abrir los archivos de la unidad H.",
        ),
        (
            "es",
            "La unidad H no funciona",
            "No se encuentra la ruta de red al entrar en la unidad H.",
        ),
    ],
}
