"""The two organizations of the demo desk, their teams and their categories.

Category descriptions matter beyond display: before a desk has any history, tickets are
classified by closeness to these words, so they name symptoms the way people report them, in the
languages the desk hears.
"""

from __future__ import annotations

from omnidesk.demo.types import DemoCategory, DemoOrganization, DemoTeam

NORDWERK = "nordwerk"
LUMEN = "lumen"

ORGANIZATIONS: tuple[DemoOrganization, ...] = (
    DemoOrganization(
        key=NORDWERK,
        name="Nordwerk IT",
        domain="nordwerk.example",
        language="en",
        time_zone="Europe/Berlin",
        description="IT department of Nordwerk, a maker of pumps and valves with six sites.",
        support_email="helpdesk@nordwerk.example",
    ),
    DemoOrganization(
        key=LUMEN,
        name="Atelier Lumen",
        domain="atelier-lumen.example",
        language="fr",
        time_zone="Europe/Paris",
        description="Studio de design client, à Paris, Nantes et Barcelone.",
        support_email="aide@atelier-lumen.example",
    ),
)

TEAMS: tuple[DemoTeam, ...] = (
    DemoTeam(
        NORDWERK,
        "service-desk",
        "Service Desk",
        "First contact for everybody: accounts, mail, programs, shares, and whatever has no owner.",
    ),
    DemoTeam(
        NORDWERK,
        "network",
        "Network & VPN",
        "Remote access, site networks, Wi-Fi, firewalls and name resolution.",
    ),
    DemoTeam(
        NORDWERK,
        "sap",
        "SAP & ERP",
        "SAP finance, purchasing and warehouse, roles, interfaces and month-end support.",
    ),
    DemoTeam(
        NORDWERK,
        "workplace",
        "Workplace",
        "Laptops, phones, printers, meeting rooms, deliveries and new starters at every site.",
    ),
    DemoTeam(
        NORDWERK,
        "security",
        "Security",
        "Phishing, malware, lost devices, suspicious sign-ins and exceptions to policy.",
    ),
    DemoTeam(
        LUMEN,
        "support",
        "Support",
        "L'équipe support du studio : postes graphiques, comptes, impression et réseau.",
    ),
)

CATEGORIES: tuple[DemoCategory, ...] = (
    DemoCategory(
        NORDWERK,
        "vpn",
        "VPN & remote",
        "Working from home or on the road: the VPN client does not connect, drops, asks for a "
        "certificate, is slow or lets only some systems through; remote desktop to an office PC. "
        "Homeoffice, Fernzugriff, Verbindung bricht ab; télétravail, accès distant; teletrabajo, "
        "conexión remota.",
        "network",
    ),
    DemoCategory(
        NORDWERK,
        "email",
        "E-mail & calendar",
        "Outlook and mail: messages not sent or received, mailbox full, shared mailboxes, "
        "calendars, invitations, distribution lists, signatures and out-of-office notices. "
        "Postfach, Termin, Verteiler; messagerie, boîte aux lettres, agenda; correo, buzón, "
        "calendario.",
        "service-desk",
    ),
    DemoCategory(
        NORDWERK,
        "printing",
        "Printing",
        "Printers, label printers, scanners of multifunction devices and print queues: paper jams, "
        "toner, jobs stuck, wrong tray, badge release, scan to mail. Drucker, Etiketten, "
        "Papierstau; imprimante, numérisation; impresora, etiquetas, escáner.",
        "workplace",
    ),
    DemoCategory(
        NORDWERK,
        "sap",
        "SAP finance",
        "SAP and the ERP: posting periods, payment runs, cost centres, invoices, purchase orders, "
        "missing roles or transactions, interfaces, month-end closing, short dumps. Buchung, "
        "Kostenstelle, Rechnung; écriture, facture, commande; factura, contabilidad, pedido.",
        "sap",
    ),
    DemoCategory(
        NORDWERK,
        "access",
        "Access & MFA",
        "Signing in: forgotten passwords, locked accounts, the authenticator app, a new phone, "
        "security keys, smart cards, single sign-on, rights for a role. Passwort, Konto gesperrt, "
        "Anmeldung; mot de passe, compte bloqué; contraseña, cuenta bloqueada, doble factor.",
        "service-desk",
    ),
    DemoCategory(
        NORDWERK,
        "devices",
        "Devices",
        "Hardware in people's hands: laptops, docking stations, monitors, keyboards, headsets, "
        "company phones, barcode scanners, shop-floor terminals; slow, broken, hot, noisy, to be "
        "ordered. Bildschirm, Akku, Handy; ordinateur, écran, batterie; portátil, pantalla, móvil.",
        "workplace",
    ),
    DemoCategory(
        NORDWERK,
        "software",
        "Software & licences",
        "Programs: install, update, licence missing or expired, crashes, add-ins, Excel and "
        "Office, CAD, PDF tools, Software Centre. Programm, Lizenz, stürzt ab; logiciel, licence; "
        "programa, licencia, actualización.",
        "service-desk",
    ),
    DemoCategory(
        NORDWERK,
        "network",
        "Network & Wi-Fi",
        "Networks on site: Wi-Fi weak or lost, network sockets, no internet, slow connections, "
        "switches, guest access, name resolution, machines that lose the server. WLAN, Netzwerk, "
        "Dose; réseau, coupure; red, wifi, sin conexión.",
        "network",
    ),
    DemoCategory(
        NORDWERK,
        "rooms",
        "Meeting rooms & telephony",
        "Meeting rooms, screens, cameras, microphones, room booking panels; desk phones, "
        "softphones, hunt groups, voicemail, call forwarding. Besprechungsraum, Telefon, "
        "Rufumleitung; salle de réunion, téléphone; sala de reuniones, teléfono.",
        "workplace",
    ),
    DemoCategory(
        NORDWERK,
        "files",
        "File shares",
        "Shared drives and folders, SharePoint and OneDrive: access denied, deleted files, restore "
        "from backup, sync conflicts, quota. Laufwerk, Ordner, Datei wiederherstellen; dossier "
        "partagé, fichier supprimé; carpeta compartida, archivo borrado.",
        "service-desk",
    ),
    DemoCategory(
        NORDWERK,
        "security",
        "Security",
        "Suspicious mail, links and calls, malware warnings, lost or stolen devices, unknown "
        "sign-ins, USB sticks, blocked websites, data sent to the wrong person. Verdächtige Mail, "
        "Virus, gestohlen; hameçonnage, vol; correo sospechoso, robo.",
        "security",
    ),
    DemoCategory(
        NORDWERK,
        "onboarding",
        "Onboarding",
        "New colleagues, people who move or leave, temporary staff and trainees: accounts, "
        "equipment, badges and rights by a given date, handing devices back. Neuer Mitarbeiter, "
        "Austritt; arrivée, départ, stagiaire; nueva incorporación, baja.",
        "workplace",
    ),
    DemoCategory(
        LUMEN,
        "vpn",
        "Accès distant",
        "Télétravail et déplacements : le VPN ne se connecte pas, coupe ou ralentit, accès au "
        "serveur de projets depuis l'extérieur, bureau à distance.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "email",
        "Messagerie et agenda",
        "Courriels non reçus ou non envoyés, boîtes partagées, invitations, agendas, signatures, "
        "listes de diffusion, messages d'absence.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "printing",
        "Impression",
        "Imprimantes, traceur grand format, épreuves couleur, bourrages, files d'attente, "
        "numérisation vers un dossier.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "access",
        "Comptes et accès",
        "Mots de passe, comptes bloqués, double authentification, nouveaux téléphones, droits sur "
        "un projet, arrivées et départs.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "devices",
        "Postes et écrans",
        "Stations graphiques, portables, écrans calibrés, tablettes à stylet, lenteurs, pannes et "
        "demandes de matériel.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "software",
        "Logiciels et licences",
        "Suite graphique, 3D, polices de caractères, licences expirées, plantages, installations "
        "et mises à jour.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "network",
        "Réseau et Wi-Fi",
        "Wi-Fi du studio, prises réseau, débit internet, transferts de gros fichiers lents, "
        "coupures.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "files",
        "Fichiers et projets",
        "Serveur de projets, dossiers partagés, fichiers supprimés ou verrouillés, restauration, "
        "espace disque.",
        "support",
    ),
    DemoCategory(
        LUMEN,
        "security",
        "Sécurité",
        "Courriels suspects, liens douteux, virus, appareil perdu ou volé, connexion inconnue, "
        "fichier envoyé à la mauvaise personne.",
        "support",
    ),
)
