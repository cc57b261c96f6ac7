class StartError(Exception):
    """Something that stops the start. The message is for the person at the terminal."""
