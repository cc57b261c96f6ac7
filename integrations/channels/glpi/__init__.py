"""GLPI 10 and 11: tickets, follow-ups, solutions and documents, both ways."""
