"""The keys that exist: which section a path leads to, and where a stray key belongs."""

from typing import get_args

from storescpd.config.problems import KeyPath
from storescpd.config.root import Config
from storescpd.config.section import Section
from storescpd.config.words import VERY_CLOSE, nearest

RESERVED: frozenset[KeyPath] = frozenset({("audit",), ("status",), ("include",), ("naming", "layout")})
"""Keys of later versions."""

ARRAYS = ("listeners", "peers")


def sections_in(annotation: object) -> list[type[Section]]:
    """The section types inside a field's type: itself, or the items of its list or table."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]


def section_at(path: KeyPath) -> type[Section] | None:
    """The model of the table at a path, ``None`` where there is none or where keys are names of the user's own."""
    section: type[Section] = Config
    for part in path:
        if isinstance(part, str) and part in section.model_fields:
            inner = sections_in(section.model_fields[part].annotation)
            if not inner:
                return None
            section = inner[0]
    return section


def top_sections() -> dict[str, type[Section]]:
    """The sections by name, in the file's order."""
    return {name: found[0] for name, field in Config.model_fields.items() if (found := sections_in(field.annotation))}


def header(name: str) -> str:
    """How a section begins: ``[storage]``, ``[[peers]]``."""
    return f"[[{name}]]" if name in ARRAYS else f"[{name}]"


def meant(path: KeyPath) -> KeyPath | None:
    """The key that an unknown one was probably meant to be: same section first, exact elsewhere before alike."""
    *table, name = path
    own = section_at(tuple(table))
    if own is None or not isinstance(name, str):
        return None
    for cutoff, elsewhere in ((VERY_CLOSE, False), (1.0, True), (0.6, False), (VERY_CLOSE, True)):
        found = _in_other_section(name, cutoff) if elsewhere else nearest(name, own.model_fields, cutoff)
        if found is not None:
            return found if isinstance(found, tuple) else (*table, found)
    return None


def _in_other_section(name: str, cutoff: float) -> KeyPath | None:
    for section_name, section in top_sections().items():
        found = nearest(name, section.model_fields, cutoff)
        if found is not None and section_name != "peers":
            return (section_name, found)
    return None
