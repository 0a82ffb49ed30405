"""How many connections wait to be accepted."""

BACKLOG = 512
"""storescp has 50, a department's modalities at eight o'clock are more."""
