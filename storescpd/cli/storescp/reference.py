"""The options in ``docs/storescp.md``, from their table: ``python -m storescpd.cli.storescp.reference`` writes them."""

import re
from collections.abc import Iterator
from pathlib import Path

from storescpd.cli.storescp.option import Forbids, Needs, Option, Section, Sets
from storescpd.cli.storescp.table import SECTIONS
from storescpd.config.problems import dotted
from storescpd.config.toml_values import toml_value

DOCUMENT = Path(__file__).parents[3] / "docs" / "storescp.md"
_MANY = 4
"""More refusals than these are counted."""
BEGIN, END = "<!-- options: written from the table -->\n", "<!-- end of options -->\n"


def with_options(text: str) -> str:
    """A document with the tables between its two marks made anew."""
    made = BEGIN + "\n" + "\n".join(_lines()) + "\n" + END
    return re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: made, text, flags=re.DOTALL)


def _lines() -> Iterator[str]:
    for section in SECTIONS:
        chapter = f"{section.chapter}: " if section.chapter else ""
        yield f"### {chapter}{section.title}"
        yield ""
        yield from _table(section)
        yield ""


def _table(section: Section) -> Iterator[str]:
    yield "| option | means | sets | refused | otherwise than storescp |"
    yield "| --- | --- | --- | --- | --- |"
    for option in section.options:
        cells = (spelled(option), explained(option), _sets(option), _refused(option), option.differs)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def spelled(option: Option) -> str:
    """Every spelling of an option with its values, each in backticks."""
    values = "".join(f" {argument.name}" for argument in option.arguments)
    return " ".join(f"`{name}{values}`" for name in option.names)


def explained(option: Option) -> str:
    """The help of an option, and what counts without it."""
    notes = []
    if option.default:
        notes.append("the default")
    if option.initial:
        notes.append(f"else {option.initial}")
    if option.repeatable:
        notes.append("can be repeated")
    return option.help + (f" ({'; '.join(notes)})" if notes else "")


def _sets(option: Option) -> str:
    return ", ".join(f"`{_key(sets)} = {_value(sets)}`" for sets in option.sets)


def _key(sets: Sets) -> str:
    return dotted(sets.key).replace("[0]", "")


def _value(sets: Sets) -> str:
    return sets.shown if callable(sets.value) else toml_value(sets.value)


def _refused(option: Option) -> str:
    found = [f"with `{name}`" for check in option.checks if isinstance(check, Forbids) for name in check.names]
    if len(found) > _MANY:
        found = [*found[:1], f"and {len(found) - 1} other options"]
    found += [
        "without " + (check.shown or " or ".join(f"`{name}`" for name in check.names))
        for check in option.checks
        if isinstance(check, Needs)
    ]
    return ", ".join(found)


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(with_options(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
