"""What to write instead of a value that TOML or its key does not take: only what the key itself would accept."""

import re
from collections.abc import Iterator

from pydantic import ValidationError

from storescpd.config.explain import explained
from storescpd.config.keys import section_at
from storescpd.config.problems import KeyPath
from storescpd.config.syntax.statement import QUOTES, is_key

_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_SEPARATOR = re.compile(r"\s*[,;]\s*|\s+")


def proposal(path: KeyPath, raw: str) -> str | None:
    """The value that ``raw``, as it stands in the file, was probably meant to be, as TOML; ``None``: no idea."""
    section = section_at(path[:-1])
    if not is_key(path) or section is None:
        return None
    name = str(path[-1])
    for value in _candidates(raw.strip()):
        try:
            section.model_validate({name: value})
        except ValidationError:
            continue
        return shown(value)
    return None


def objection(path: KeyPath, raw: str) -> tuple[str, str] | None:
    """What the key itself says against this text, and what to do; ``None`` where there is no such key."""
    section = section_at(path[:-1])
    if not is_key(path) or section is None:
        return None
    name = str(path[-1])
    try:
        section.model_validate({name: raw.strip(QUOTES + " \t")})
    except ValidationError as error:
        found = explained(error.errors(include_url=False)[0])
        return found.message, found.remedy
    return None


def shown(value: object) -> str:
    """A value as TOML; text with backslashes in single quotes, where they mean themselves."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(shown, value))}]"
    if not isinstance(value, str):
        return str(value)
    if re.search(r'["\\]', value) and "'" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _candidates(raw: str) -> Iterator[object]:
    bare = raw.strip(QUOTES + " \t")
    if bare.lower() in _WORDS:
        yield _WORDS[bare.lower()]
    if re.fullmatch(r"[+-]?[0-9]+", bare):
        # Before the number: to an octal mode leading zeros matter, and to whoever takes numbers text is none.
        yield bare
        yield int(bare)
    if re.fullmatch(r"[0-9]{1,3}([ ,'.][0-9]{3})+", bare):
        yield int(re.sub("[^0-9]", "", bare))
    if re.fullmatch(r"[0-9]*[.,][0-9]*", bare) and bare.strip(".,"):
        yield float("0" + bare.replace(",", ".") + "0")
    if not bare:
        return
    yield bare
    words = [word.strip(QUOTES) for word in _SEPARATOR.split(raw.strip("[](){} ,;"))]
    yield [word for word in words if word]
