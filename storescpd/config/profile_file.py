"""storescp's association profile files, read as the lists and profiles of [negotiation] (storescp facts 7).

Names of lists and profiles come out as storescp compares them: capitals, digits, hyphens and underscores only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from storescpd.config.document import Document
from storescpd.config.negotiation import Negotiation
from storescpd.config.positions import Place, Places, Positions
from storescpd.config.problems import ConfigError, Finding, KeyPath, Problem, stands
from storescpd.config.rules.profiles import LISTS
from storescpd.config.shape import shape

_SUPERSECTION = re.compile(r"\[\[([^\]]*)\]\]?")
_SECTION = re.compile(r"\[([^\]]*)\]")
_KEY = re.compile(r"([^=]*)=[ \t]*")
_VALUE = re.compile(r"[^\n]*(?:\n[ \t]+[^\s][^\n]*)*")
"""To the end of the line, and on through indented lines."""
_SPACE = re.compile(r"\s*")
_COMMENT = re.compile(r"#[^\n]*")

_ENTRIES = {
    "TRANSFERSYNTAXES": ("transfer_syntaxes", "TRANSFERSYNTAX"),
    "PRESENTATIONCONTEXTS": ("presentation_contexts", "PRESENTATIONCONTEXT"),
    "SCPSCUROLESELECTION": ("roles", "ROLE"),
    "EXTENDEDNEGOTIATION": ("extended", "EXTENDEDNEGOTIATION"),
}
_MANDATORY = {
    "TRANSFERSYNTAXES": "transfer_syntaxes",
    "PRESENTATIONCONTEXTS": "presentation_contexts",
    "PROFILES": "profiles",
}
_PROFILE_KEYS = {
    "PRESENTATIONCONTEXTS": "presentation_contexts",
    "SCPSCUROLESELECTION": "roles",
    "EXTENDEDNEGOTIATION": "extended",
}


@dataclass(frozen=True, slots=True)
class _Section:
    """One ``[name]`` with the values of its keys, and where they begin."""

    name: str
    offset: int
    values: dict[str, tuple[str, int]] = field(default_factory=dict)


def normalised(name: str) -> str:
    """A name as storescp compares it."""
    return re.sub("[^A-Z0-9_-]", "", name.upper())


def read_profile_file(path: Path) -> Negotiation:
    """All lists and profiles of a file; raises ConfigError with everything that is wrong in it."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        problem = Problem(
            str(path), None, None, "", f"cannot be read: {error.strerror}", "correct its name or its rights"
        )
        raise ConfigError([problem]) from error
    return parse_profiles(text, str(path))


def parse_profiles(text: str, name: str) -> Negotiation:
    """The same from a text; ``name`` is shown in messages."""
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " "), name)
    reader.read()
    return reader.negotiation()


def supersections(text: str) -> dict[str, list[_Section]]:
    """The three levels of a file: of supersections with the same name the first, of keys in a section the first."""
    found: dict[str, list[_Section]] = {}
    current: list[_Section] = []
    at = _SPACE.match(text, 0).end()  # type: ignore[union-attr]
    while at < len(text):
        if text[at] == "#" and (at == 0 or text[at - 1] == "\n"):
            match = _COMMENT.match(text, at)
        elif match := _SUPERSECTION.match(text, at):
            current = found.setdefault(normalised(match[1]), []) if normalised(match[1]) not in found else []
        elif match := _SECTION.match(text, at):
            current.append(_Section(normalised(match[1]), at))
        elif match := _KEY.match(text, at):
            value = _VALUE.match(text, match.end())
            if value is not None and current:
                current[-1].values.setdefault(normalised(match[1]), (value[0], match.end()))
            match = value
        if match is None:
            break
        at = _SPACE.match(text, match.end()).end()  # type: ignore[union-attr]
    return found


class _Reader:
    """One file on its way to [negotiation]; what is wrong is collected."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._places = Places(text)
        self._levels = supersections(text)
        self._tables: dict[str, dict[str, object]] = {}
        self._values: dict[KeyPath, Place] = {}
        self._findings: list[Finding] = []

    def read(self) -> None:
        """Turn supersections into tables."""
        for name, kind in _MANDATORY.items():
            if name not in self._levels:
                key: KeyPath = ("negotiation", kind)
                self._findings.append(Finding(key, f"there is no section [[{name}]]", "add it"))
        for name, (kind, prefix) in _ENTRIES.items():
            self._tables[kind] = self._lists(kind, prefix, self._levels.get(name, []))
        self._tables["profiles"] = self._profiles(self._levels.get("PROFILES", []))

    def negotiation(self) -> Negotiation:
        """The model; raises ConfigError."""
        source = Document(self._name, {"negotiation": self._tables}, Positions(self._values, self._values))
        found = shape(source.tables)
        broken = (*found.broken, *(finding.key for finding in self._findings))
        rules = (finding for rule in LISTS for finding in rule(found.config) if stands(finding, broken))
        findings = [*self._findings, *found.findings, *rules]
        if findings:
            raise ConfigError(source.problem(finding) for finding in findings)
        return found.config.negotiation

    def _lists(self, kind: str, prefix: str, sections: list[_Section]) -> dict[str, object]:
        """Lists by name; sections with one name are one list, sections without entries are none."""
        lists: dict[str, list[object]] = {}
        for section in sections:
            for value, offset in _numbered(section, prefix):
                entries = lists.setdefault(section.name, [])
                path: KeyPath = ("negotiation", kind, section.name, len(entries))
                entries.append(self._entry(kind, value, path, offset))
                self._place(path, offset, entries[-1])
                self._values.setdefault(path[:-1], self._places.at(section.offset))
        return {name: entries for name, entries in lists.items() if entries}

    def _entry(self, kind: str, value: str, path: KeyPath, offset: int) -> object:
        if kind == "transfer_syntaxes":
            return value
        sop_class, backslash, rest = value.partition("\\")
        if not backslash:
            self._values[path] = self._places.at(offset)
            self._findings.append(Finding(path, f'"{value}" has no backslash', "write CLASS\\VALUE"))
        if kind == "presentation_contexts":
            return {"sop_class": sop_class, "transfer_syntaxes": normalised(rest)}
        if kind == "roles":
            return {"sop_class": sop_class, "role": rest.lower()}
        return {"sop_class": sop_class, "data": rest}

    def _profiles(self, sections: list[_Section]) -> dict[str, object]:
        profiles: dict[str, object] = {}
        for section in sections:
            path: KeyPath = ("negotiation", "profiles", section.name)
            if section.name in profiles:
                remedy = "rename one of them"
                self._findings.append(Finding(path, f"there are two profiles {section.name}", remedy))
            lists = {ours: section.values[name] for name, ours in _PROFILE_KEYS.items() if name in section.values}
            profiles[section.name] = {ours: normalised(value) for ours, (value, _) in lists.items()}
            self._values[path] = self._places.at(section.offset)
            self._values |= {(*path, ours): self._places.at(offset) for ours, (_, offset) in lists.items()}
        return profiles

    def _place(self, path: KeyPath, offset: int, entry: object) -> None:
        place = self._places.at(offset)
        self._values[path] = place
        if isinstance(entry, dict):
            self._values |= {(*path, name): place for name in entry}


def _numbered(section: _Section, prefix: str) -> Iterator[tuple[str, int]]:
    """The values of PREFIX1, PREFIX2 and so on, up to the first that is not there."""
    number = 1
    while (name := f"{prefix}{number}") in section.values:
        yield section.values[name]
        number += 1
