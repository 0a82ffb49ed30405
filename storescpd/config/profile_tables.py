"""Association profile files as the TOML tables of [negotiation] that say the same."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from storescpd.config.negotiation import Negotiation
from storescpd.config.problems import Problem
from storescpd.config.profile_file import TABLES, parse_profiles
from storescpd.config.profile_ignored import ignored
from storescpd.config.profile_lexer import normalised, supersections
from storescpd.config.profile_names import sop_class_uid
from storescpd.config.section import Section
from storescpd.config.toml_values import toml_value

_Names = dict[str, str]
"""Spelling in the file by name as storescp compares it: what people have chosen stays readable."""


def profile_tables(text: str, name: str) -> tuple[str, list[Problem]]:
    """The tables, and notes on what storescp passes over in the file; raises ConfigError when it is wrong.

    A class that a list has twice stays as a comment where it comes again: storescp refuses the profiles that use such
    a list, but not the file.
    """
    negotiation = parse_profiles(text, name)
    names = _spellings(text)
    kinds = (kind for kind in TABLES.values() if getattr(negotiation, kind))
    tables = "\n".join("\n".join(_table(kind, negotiation, names)) + "\n" for kind in kinds)
    return tables, ignored(text, name)


def _spellings(text: str) -> dict[str, _Names]:
    """By table."""
    names: dict[str, _Names] = {kind: {} for kind in TABLES.values()}
    read: set[str] = set()
    for one in supersections(normalised(text)):
        if one.name in TABLES and one.name not in read:
            read.add(one.name)
            for section in one.sections:
                names[TABLES[one.name]].setdefault(section.name, section.spelling)
    return names


def _table(kind: str, negotiation: Negotiation, names: dict[str, _Names]) -> Iterator[str]:
    yield f"[negotiation.{kind}]"
    for name, entries in getattr(negotiation, kind).items():
        key = names[kind][name] or '""'
        if kind == "profiles":
            yield f"{key} = {toml_value(_renamed(entries, names))}"
            continue
        yield f"{key} = ["
        yield from _transfer_syntaxes(entries) if kind == "transfer_syntaxes" else _entries(entries, names)
        yield "]"


def _transfer_syntaxes(entries: Iterable[str]) -> Iterator[str]:
    return (f"    {json.dumps(entry)}," for entry in entries)


def _entries(entries: Iterable[Section], names: dict[str, _Names]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for entry in entries:
        said = _renamed(entry, names)
        uid = sop_class_uid(said["sop_class"]) or said["sop_class"]
        seen[uid] += 1
        again = "" if seen[uid] == 1 else "# twice in this list: "
        yield f"    {again}{toml_value(said)},"


def _renamed(entry: Section, names: dict[str, _Names]) -> dict[str, str]:
    """What an entry says, with references spelled as what they refer to."""
    said: dict[str, str] = entry.model_dump(exclude_unset=True)
    return {key: names[key][value] if key in names else value for key, value in said.items()}
