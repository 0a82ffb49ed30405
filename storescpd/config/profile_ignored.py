"""What storescp passes over in an association profile file without a word (storescp facts 7.1, 7.2)."""

from collections.abc import Iterator

from storescpd.config.positions import Places
from storescpd.config.problems import Problem
from storescpd.config.profile_file import NUMBERED, PROFILE_KEYS, TABLES, numbered
from storescpd.config.profile_lexer import Section, Supersection, normalised, supersections
from storescpd.config.words import nearest

_NO_TABLE = "remove it, or correct its name"


def ignored(text: str, name: str) -> list[Problem]:
    """A note for each supersection and each key that is not read; ``name`` is the file's, shown in them."""
    text = normalised(text)
    places = Places(text)
    notes = sorted(_ignored(supersections(text)), key=lambda note: note[0])
    return [
        Problem(name, (place := places.at(offset)).line, place.column, label, message, remedy, note=True)
        for offset, label, message, remedy in notes
    ]


_Note = tuple[int, str, str, str]
"""Offset, what it is about, what is wrong, what to do."""


def _ignored(found: list[Supersection]) -> Iterator[_Note]:
    seen: set[str] = set()
    for one in found:
        label = f"[[{one.name}]]"
        if one.name not in TABLES:
            guess = nearest(one.name, TABLES)
            remedy = f"did you mean [[{guess}]]?" if guess else _NO_TABLE
            yield one.offset, label, "is not known and not read", remedy
        elif one.name in seen:
            yield one.offset, label, "stands in the file twice; the first alone is read", "move its sections there"
        else:
            for section in one.sections:
                yield from _unread_keys(one.name, section)
        seen.add(one.name)


def _unread_keys(supersection: str, section: Section) -> Iterator[_Note]:
    prefix = NUMBERED.get(supersection)
    known = set(PROFILE_KEYS) if prefix is None else {key for key, _ in numbered(section, prefix)}
    for key, value in section.values.items():
        if key in known:
            continue
        label = f"[{section.name}] {key}"
        if prefix is not None and key.startswith(prefix) and key[len(prefix) :].isdecimal():
            missing = f"{prefix}{len(known) + 1}"
            yield value.offset, label, f"there is no {missing}, so it is not read", "leave no gaps"
        else:
            yield value.offset, label, "is not known and not read", "remove it, or correct the key"
