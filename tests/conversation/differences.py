"""The deliberate differences, read from the documentation."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "differences.md"
COLUMNS = ["id", "storescp", "storescpd", "reason", "storescp facts", "test"]
PREFIX = "conversation: "


@dataclass(frozen=True, slots=True)
class Difference:
    """One row."""

    name: str
    theirs: str
    ours: str
    test: str

    @property
    def scripts(self) -> list[str]:
        """The conversations that it is about."""
        return self.test.removeprefix(PREFIX).split("; ") if self.test.startswith(PREFIX) else []


def cells(line: str) -> list[str]:
    """The cells of one line of a table."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows() -> list[list[str]]:
    """The cells of every row in the tables that have these columns; other tables are read by other tests."""
    found: list[list[str]] = []
    inside = False
    for line in FILE.read_text().splitlines():
        inside = line.startswith("|") and (inside or cells(line) == COLUMNS)
        if inside:
            found.append(cells(line))
    return [row for row in found if row != COLUMNS and row[0].strip("-")]


def shown(cell: str) -> str:
    """What stands in backticks, where anything does."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else cell


def differences() -> list[Difference]:
    """Every row."""
    return [Difference(row[0], shown(row[1]), shown(row[2]), row[5]) for row in rows()]


def by_script() -> dict[str, Difference]:
    """The difference that a conversation shows."""
    return {script: difference for difference in differences() for script in difference.scripts}
