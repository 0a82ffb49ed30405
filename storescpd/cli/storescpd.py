"""The storescpd command."""


def main() -> int:
    """Run the command and return its exit status."""
    return 0
