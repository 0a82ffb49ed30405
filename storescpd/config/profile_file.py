"""storescp's association profile files, read as the lists and profiles of [negotiation] (storescp facts 7.2, 7.3).

Names of lists and profiles come out as storescp compares them. The whole file is checked, not only what is used.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from storescpd.config.document import Document
from storescpd.config.negotiation import Negotiation
from storescpd.config.positions import Place, Places, Positions
from storescpd.config.problems import ConfigError, Finding, KeyPath, Problem, stands
from storescpd.config.profile_lexer import Section, Supersection, Value, normalised, reference, supersections
from storescpd.config.rules.profiles import LISTS
from storescpd.config.shape import shape

MANDATORY = ("TRANSFERSYNTAXES", "PRESENTATIONCONTEXTS", "PROFILES")
TABLES: Mapping[str, str] = MappingProxyType(
    {
        "TRANSFERSYNTAXES": "transfer_syntaxes",
        "PRESENTATIONCONTEXTS": "presentation_contexts",
        "SCPSCUROLESELECTION": "roles",
        "EXTENDEDNEGOTIATION": "extended",
        "PROFILES": "profiles",
    }
)
"""Supersections and the tables of [negotiation] that they become."""

NUMBERED: Mapping[str, str] = MappingProxyType(
    {
        "TRANSFERSYNTAXES": "TRANSFERSYNTAX",
        "PRESENTATIONCONTEXTS": "PRESENTATIONCONTEXT",
        "SCPSCUROLESELECTION": "ROLE",
        "EXTENDEDNEGOTIATION": "EXTENDEDNEGOTIATION",
    }
)
"""The keys in sections of each, which a number from 1 follows."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
PROFILE_KEYS = ("PRESENTATIONCONTEXTS", "SCPSCUROLESELECTION", "EXTENDEDNEGOTIATION")
"""The keys of a profile, each named after the supersection with its list."""
_SPLIT_REMEDY = "begin that line in its first column, comments too, or remove it"


def read_profile_file(path: Path) -> Negotiation:
    """All lists and profiles of a file; raises ConfigError with everything that is wrong in it."""
    return parse_profiles(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a file as ``parse_profiles`` takes it; raises ConfigError when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        what, remedy = f"cannot be read: {error.strerror}", "correct its name or its rights"
        raise ConfigError([Problem(str(path), None, None, "", what, remedy)]) from error


def parse_profiles(text: str, name: str) -> Negotiation:
    """The same from a text; ``name`` is shown in messages."""
    reader = _Reader(normalised(text), name)
    reader.read()
    return reader.negotiation()


class _Reader:
    """One file on its way to [negotiation]; what is wrong is collected."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._places = Places(text)
        self._levels: dict[str, Supersection] = {}
        for found in supersections(text):
            self._levels.setdefault(found.name, found)
        self._tables: dict[str, dict[str, object]] = {}
        self._values: dict[KeyPath, Place] = {}
        self._labels: dict[KeyPath, str] = {}
        """What the file itself calls them."""
        self._findings: list[Finding] = []

    def read(self) -> None:
        """Turn supersections into tables."""
        for name in (name for name in MANDATORY if name not in self._levels):
            self._findings.append(Finding(("negotiation", TABLES[name]), f"there is no section [[{name}]]", "add it"))
        for name, prefix in NUMBERED.items():
            self._tables[TABLES[name]] = self._lists(TABLES[name], prefix, self._sections(name))
        self._tables["profiles"] = self._profiles(self._sections("PROFILES"))

    def _sections(self, name: str) -> list[Section]:
        return self._levels[name].sections if name in self._levels else []

    def negotiation(self) -> Negotiation:
        """The model; raises ConfigError."""
        source = Document(self._name, {"negotiation": self._tables}, lambda: Positions(self._values, self._values))
        found = shape(source.tables)
        broken = (*found.broken, *(finding.key[:3] for finding in self._findings))
        rules = (finding for rule in LISTS for finding in rule(found.config) if stands(finding, broken))
        findings = [*self._findings, *found.findings, *rules]
        if findings:
            problems = {self._problem(source, finding): None for finding in findings}
            raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        return found.config.negotiation

    def _problem(self, source: Document, finding: Finding) -> Problem:
        """In the file's own words: who has it does not know our tables."""
        place = source.problem(finding)
        paths = (finding.key[:length] for length in range(len(finding.key), 0, -1))
        label = next((self._labels[path] for path in paths if path in self._labels), "")
        message, remedy = (_in_its_words(text) for text in (finding.message, finding.remedy))
        return Problem(self._name, place.line, place.column, label, message, remedy)

    def _lists(self, kind: str, prefix: str, sections: list[Section]) -> dict[str, object]:
        """Lists by name; sections with one name are one list, sections without entries are none."""
        lists: dict[str, object] = {}
        for section in sections:
            for key, value in numbered(section, prefix):
                entries = lists.setdefault(section.name, [])
                if isinstance(entries, list):
                    path: KeyPath = ("negotiation", kind, section.name, len(entries))
                    self._note(path, value.offset, f"[{section.name}] {key}")
                    entries.append(self._entry(kind, value, path))
        return lists

    def _entry(self, kind: str, value: Value, path: KeyPath) -> object:
        text = _CONTROL.sub(" ", value.text)
        if kind == "transfer_syntaxes":
            if "\n" in value.text:
                self._findings.append(Finding(path, f'"{text}" goes on in an indented line', _SPLIT_REMEDY))
            return text
        sop_class, backslash, rest = text.partition("\\")
        is_context = kind == "presentation_contexts"
        # What a context refers to is compared without white space.
        split = "\n" in (value.text.partition("\\")[0] if is_context else value.text)
        if not backslash:
            self._findings.append(Finding(path, f'"{text}" has no backslash', "write CLASS\\VALUE"))
        elif split:
            self._findings.append(Finding(path, f'"{text}" goes on in an indented line', _SPLIT_REMEDY))
        if is_context:
            return {"sop_class": sop_class, "transfer_syntaxes": reference(rest)}
        return {"sop_class": sop_class, **({"role": rest.lower()} if kind == "roles" else {"data": rest})}

    def _profiles(self, sections: list[Section]) -> dict[str, object]:
        profiles: dict[str, object] = {}
        for section in sections:
            path: KeyPath = ("negotiation", "profiles", section.name)
            self._note(path, section.offset, f"[{section.name}]")
            if section.name in profiles:
                self._findings.append(
                    Finding(path, f"there are two profiles {section.name}", "rename one of them, or remove it")
                )
            profiles[section.name] = dict(self._profile(section, path))
        return profiles

    def _profile(self, section: Section, path: KeyPath) -> Iterator[tuple[str, str]]:
        for theirs in (key for key in PROFILE_KEYS if key in section.values):
            ours, value = TABLES[theirs], section.values[theirs]
            self._note((*path, ours), value.offset, f"[{section.name}] {theirs}")
            named = reference(value.text)
            if not named:
                self._findings.append(Finding((*path, ours), "names no list", "name one, or remove the line"))
            yield ours, named

    def _note(self, path: KeyPath, offset: int, label: str) -> None:
        self._values[path] = self._places.at(offset)
        self._labels[path] = label


def _in_its_words(text: str) -> str:
    for theirs, ours in TABLES.items():
        text = text.replace(f"[negotiation.{ours}]", f"[[{theirs}]]")
    return text


def numbered(section: Section, prefix: str) -> Iterator[tuple[str, Value]]:
    """Keys and values of PREFIX1, PREFIX2 and so on, up to the first that is not there."""
    number = 1
    while (key := f"{prefix}{number}") in section.values:
        yield key, section.values[key]
        number += 1
