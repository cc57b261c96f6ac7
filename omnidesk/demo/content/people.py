"""The people of the demo desk: everybody is invented, every address ends in `.example`.

Kept as rows because that is how a person checks such a list: one line, one person.
"""

from __future__ import annotations

import re
import unicodedata

from omnidesk.demo.content.desk import LUMEN, NORDWERK
from omnidesk.demo.types import DemoPerson, DemoRole

AGENT_EMAIL = "agent@nordwerk.example"
LEAD_EMAIL = "lead@nordwerk.example"
REQUESTER_EMAIL = "requester@nordwerk.example"
MONITORING_EMAIL = "monitoring@nordwerk.example"

DOMAINS = {NORDWERK: "nordwerk.example", LUMEN: "atelier-lumen.example"}
TIME_ZONES = {
    "Kiel": "Europe/Berlin",
    "Chemnitz": "Europe/Berlin",
    "Leeds": "Europe/London",
    "Rotterdam": "Europe/Amsterdam",
    "Grenoble": "Europe/Paris",
    "Zaragoza": "Europe/Madrid",
    "Paris": "Europe/Paris",
    "Nantes": "Europe/Paris",
    "Barcelona": "Europe/Madrid",
}

SITE_CODES = {
    "Kiel": "KIE",
    "Chemnitz": "CHE",
    "Leeds": "LDS",
    "Rotterdam": "RTM",
    "Grenoble": "GRE",
    "Zaragoza": "ZAZ",
}

# role; name; organization; teams; language; form of address; site; title; address if not the name
_STAFF = """
lead;Annika Brodersen;nordwerk;service-desk,workplace;de;Frau;Kiel;Head of service desk;lead
agent;Ruben Achterberg;nordwerk,lumen;service-desk,network;en;;Rotterdam;Support engineer;agent
agent;Malte Jessen;nordwerk;service-desk;de;Herr;Kiel;Support engineer;
agent;Priya Raman;nordwerk;service-desk,security;en;;Leeds;Support engineer;
agent;Élodie Garnier;nordwerk,lumen;service-desk,workplace;fr;Madame;Grenoble;Site support;
lead;Tomasz Wilk;nordwerk;network;de;Herr;Kiel;Network lead;
agent;Callum Reid;nordwerk;network;en;;Leeds;Network engineer;
lead;Gisela Ehmke;nordwerk;sap;de;Frau;Chemnitz;SAP lead;
agent;Nuria Casado;nordwerk;sap,service-desk;es;;Zaragoza;SAP consultant;
agent;Henrik Falk;nordwerk;sap;de;Herr;Chemnitz;SAP consultant;
agent;Joost Terpstra;nordwerk;workplace;en;;Rotterdam;Field engineer;
lead;Derya Aksoy;nordwerk;security;de;Frau;Kiel;Information security officer;
lead;Maëlle Kervadec;lumen;support;fr;Madame;Nantes;Responsable informatique;
agent;Bastien Ollivier;lumen;support;fr;Monsieur;Paris;Technicien support;
"""

_REQUESTERS = """
requester;Fiona Hartley;nordwerk;;en;;Leeds;Sales operations manager;requester
requester;Graham Sutcliffe;nordwerk;;en;;Leeds;Regional sales manager;
requester;Imogen Blackwood;nordwerk;;en;;Leeds;Customer service lead;
requester;Dev Chaudhary;nordwerk;;en;;Leeds;Application engineer;
requester;Rosalind Peake;nordwerk;;en;;Leeds;HR business partner;
requester;Kwame Boateng;nordwerk;;en;;Leeds;Warehouse supervisor;
requester;Siobhan Kearney;nordwerk;;en;;Leeds;Accounts payable clerk;
requester;Marijke van Loon;nordwerk;;en;;Rotterdam;Logistics planner;
requester;Sander Hoekstra;nordwerk;;en;;Rotterdam;Export coordinator;
requester;Anouk Vreeland;nordwerk;;en;;Rotterdam;Quality manager;
requester;Pim Dijkgraaf;nordwerk;;en;;Rotterdam;Forklift team lead;
requester;Lotte Zuiderveld;nordwerk;;en;;Rotterdam;Purchasing specialist;
requester;Ingvild Sandnes;nordwerk;;en;;Kiel;Product manager;
requester;Marek Dvorsky;nordwerk;;en;;Chemnitz;Automation engineer;
requester;Birte Carstens;nordwerk;;de;Frau;Kiel;Leiterin Finanzbuchhaltung;
requester;Jörn Petersdorf;nordwerk;;de;Herr;Kiel;Controller;
requester;Wiebke Hansohm;nordwerk;;de;Frau;Kiel;Personalreferentin;
requester;Torben Kruse-Lindt;nordwerk;;de;Herr;Kiel;Konstrukteur;
requester;Heike Rathmann;nordwerk;;de;Frau;Kiel;Assistentin der Geschäftsführung;
requester;Sönke Behn;nordwerk;;de;Herr;Kiel;Vertriebsinnendienst;
requester;Mandy Zschocke;nordwerk;;de;Frau;Chemnitz;Disponentin;
requester;Rico Oelschlägel;nordwerk;;de;Herr;Chemnitz;Schichtleiter Montage;
requester;Kerstin Uhlig;nordwerk;;de;Frau;Chemnitz;Qualitätssicherung;
requester;Falk Nestler;nordwerk;;de;Herr;Chemnitz;Instandhaltung;
requester;Steffi Weigelt;nordwerk;;de;Frau;Chemnitz;Einkauf;
requester;Uwe Drechsel;nordwerk;;de;Herr;Chemnitz;Lagerleiter;
requester;Camille Barthélemy;nordwerk;;fr;Madame;Grenoble;Responsable administrative;
requester;Thierry Faugère;nordwerk;;fr;Monsieur;Grenoble;Chef d'atelier;
requester;Solène Michaud;nordwerk;;fr;Madame;Grenoble;Comptable;
requester;Anthony Perrin;nordwerk;;fr;Monsieur;Grenoble;Acheteur;
requester;Nadia Benhaddou;nordwerk;;fr;Madame;Grenoble;Ingénieure méthodes;
requester;Lucas Vignal;nordwerk;;fr;Monsieur;Grenoble;Technico-commercial;
requester;Pilar Ezquerra;nordwerk;;es;;Zaragoza;Responsable de administración;
requester;Íñigo Larrea;nordwerk;;es;;Zaragoza;Jefe de almacén;
requester;Carmen Lahoz;nordwerk;;es;;Zaragoza;Atención al cliente;
requester;Jorge Bescós;nordwerk;;es;;Zaragoza;Técnico de calidad;
requester;Marta Cebrián;nordwerk;;es;;Zaragoza;Compras;
requester;Apolline Desrosiers;lumen;;fr;Madame;Paris;Directrice artistique;
requester;Gaspard Thévenot;lumen;;fr;Monsieur;Paris;Motion designer;
requester;Inès Marchetti;lumen;;fr;Madame;Paris;Cheffe de projet;
requester;Yann Le Goffic;lumen;;fr;Monsieur;Nantes;Graphiste 3D;
requester;Clémence Aubry;lumen;;fr;Madame;Nantes;Comptable;
requester;Laia Ferrer;lumen;;es;;Barcelona;Diseñadora gráfica;
requester;Oriol Puigdomènech;lumen;;es;;Barcelona;Productor;
requester;Hannah Whitcombe;lumen;;en;;Paris;Brand strategist;
"""

MONITORING = DemoPerson(
    email=MONITORING_EMAIL,
    name="Nordwerk Monitoring",
    role=DemoRole.REQUESTER,
    organization=NORDWERK,
    also_in=(),
    teams=(),
    language="en",
    form="",
    site="Kiel",
    time_zone="Europe/Berlin",
    job_title="Service account of the monitoring system",
    device="",
)


def _address(name: str) -> str:
    """`Íñigo Larrea` -> `inigo.larrea`; German umlauts are written out as the company does."""
    umlauts = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
    plain = unicodedata.normalize("NFKD", name.lower().translate(umlauts))
    ascii_only = plain.encode("ascii", "ignore").decode()
    first, _, rest = ascii_only.partition(" ")
    return f"{first}.{re.sub(r'[^a-z-]', '', rest)}"


def _device(index: int, organization: str) -> str:
    prefix = "NW" if organization == NORDWERK else "AL"
    return f"{prefix}-{2100 + index * 37}"


def _person(index: int, row: str) -> DemoPerson:
    role, name, organizations, teams, language, form, site, title, local = row.split(";")
    home, *others = organizations.split(",")
    return DemoPerson(
        email=f"{local or _address(name)}@{DOMAINS[home]}",
        name=name,
        role=DemoRole(role),
        organization=home,
        also_in=tuple(others),
        teams=tuple(team for team in teams.split(",") if team),
        language=language,
        form=form,
        site=site,
        time_zone=TIME_ZONES[site],
        job_title=title,
        device=_device(index, home),
    )


PEOPLE: tuple[DemoPerson, ...] = (
    *(
        _person(index, row)
        for index, row in enumerate((_STAFF + _REQUESTERS).split("\n"))
        if row.strip()
    ),
    MONITORING,
)
