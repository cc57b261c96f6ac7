"""The Model Context Protocol: OmniDesk's tools for models of others."""
