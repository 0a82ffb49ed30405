"""Blocks of lines, as storescp logs what is too long for one (storescp facts 10.4)."""

_WIDTH = 65


def ruled(title: str) -> str:
    """The first or last line of a block; of an odd number of signs the greater half is on the left."""
    left = (_WIDTH - len(title) - 1) // 2
    return f"{'=' * left} {title} ".ljust(_WIDTH, "=")
