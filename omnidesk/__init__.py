"""OmniDesk: the open helpdesk that reads every ticket before a person does."""

__version__ = "0.1.0"
