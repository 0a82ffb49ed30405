"""UIDs of our own."""

import uuid


def fresh_uid() -> str:
    """A UID that nobody else has, from a random UUID (PS3.5 B.2); 44 characters at most."""
    return f"2.25.{uuid.uuid4().int}"
