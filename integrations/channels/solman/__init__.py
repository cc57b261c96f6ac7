"""SAP Solution Manager 7.2: incidents, texts and attachments by OData V2, both ways."""
