"""What is printed for people."""


def readable(text: str) -> str:
    """What peers have chosen must not steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def count(number: int, thing: str) -> str:
    """``1 worker``, ``2 workers``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
