"""The page of deliberate differences says of each what, why, by which fact, and which test knows it."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conversation.differences import FILE, PREFIX, ROOT, cells

COLUMNS = 6
FACT = re.compile(r"\d+(\.\d+)?( step \d+| steps \d+(, \d+)*)?")
DATA_SETS = ROOT / "tests" / "dataset"
"""The tests of the table of data sets are named without their folder."""


class Row(NamedTuple):
    """A row of any table there."""

    line: int
    cells: list[str]


def rows() -> Iterator[Row]:
    """Every row but the heads of tables and the lines below them."""
    head = True
    for number, line in enumerate(FILE.read_text().splitlines(), 1):
        if not line.startswith("|"):
            head = True
        elif head:
            head = False
        elif found := [] if set(line) <= set("|- ") else cells(line):
            yield Row(number, found)


ROWS = list(rows())
NAMING = [row for row in ROWS if not row.cells[5].startswith(PREFIX)]
"""The others name conversations, which are looked for where they are played."""


def test_there_are_rows() -> None:
    assert len(ROWS) > 90


@pytest.mark.parametrize("row", ROWS, ids=[row.cells[0] for row in ROWS])
def test_a_row_is_whole(row: Row) -> None:
    assert len(row.cells) == COLUMNS, row.line
    assert all(row.cells), row.line


def test_no_difference_stands_there_twice() -> None:
    assert [name for name, count in Counter(row.cells[0] for row in ROWS).items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=[row.cells[0] for row in ROWS])
def test_a_row_cites_facts(row: Row) -> None:
    assert FACT.match(row.cells[4]), row.line


@pytest.mark.parametrize("row", NAMING, ids=[row.cells[0] for row in NAMING])
def test_a_row_names_tests_that_exist(row: Row) -> None:
    named = re.findall(r"`([^`]+)`", row.cells[5])
    assert named, row.line
    assert [name for name in named if not path(name).exists()] == []


def path(name: str) -> Path:
    """The file of a test as the page names it."""
    return ROOT / name if name.startswith("tests/") else DATA_SETS / f"{name}.py"


def test_tables_stand_alone() -> None:
    """Without an empty line before it a heading is a row of the table to those who render it."""
    pairs = itertools.pairwise(FILE.read_text().splitlines())
    assert [line for before, line in pairs if before.startswith("|") and line and not line.startswith("|")] == []
