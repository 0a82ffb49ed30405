"""Reading a file: its bytes, its text, its tables, and where everything in it stands."""

import functools
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from storescpd.config.problems import ConfigError, Finding, KeyPath, Problem, dotted

if TYPE_CHECKING:
    from storescpd.config.positions import Place, Positions

DEFAULT_PATH = Path("/etc/storescpd/storescpd.toml")

_SYNTAX_REMEDY = "correct the TOML syntax there; see https://toml.io"
_AT = r" \(at line (\d+), column (\d+)\)$"
_AT_END = " (at end of document)"


class Document:
    """A text that is valid TOML, whatever it says.

    ``look`` finds where everything stands; only who has something to say about the text asks.
    """

    def __init__(self, name: str, tables: dict[str, object], look: "Callable[[], Positions]") -> None:
        self.name = name
        self.tables = tables
        self._look = look

    @functools.cached_property
    def positions(self) -> "Positions":
        """Where everything stands."""
        return self._look()

    def problem(self, finding: Finding) -> Problem:
        """Give a finding its place in the text; a key that is not there is shown where its table is."""
        place = self._place(finding)
        key = dotted(finding.key)
        return Problem(self.name, place.line, place.column, key, finding.message, finding.remedy, finding.note)

    def _place(self, finding: Finding) -> "Place":
        from storescpd.config.positions import Place  # noqa: PLC0415

        found = self.positions.keys if finding.misplaced else self.positions.values
        for path in (finding.key, *finding.concerns):
            if path in found:
                return found[path]
        return next((found[path] for path in _outwards(finding.key) if path in found), Place(1, 1))


def _outwards(path: KeyPath) -> list[KeyPath]:
    return [path[:length] for length in range(len(path) - 1, 0, -1)]


def read(path: Path) -> Document:
    """Read a file; raises ConfigError when it cannot be read or is not TOML."""
    name = str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = (
            "create it, or name another with --config" if path == DEFAULT_PATH else "correct its name or its rights"
        )
        message = (
            "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        )
        raise ConfigError([Problem(name, None, None, "", message, remedy)]) from error
    try:
        return document(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        from storescpd.config.positions import Places  # noqa: PLC0415

        text = content[: error.start].decode("utf-8")
        place = Places(text).at(len(text))
        problem = Problem(
            name, place.line, place.column, "", "is not UTF-8 text from here on", "save the file as UTF-8"
        )
        raise ConfigError([problem]) from error


def document(text: str, name: str) -> Document:
    """Read a text; ``name`` is shown in messages. Raises ConfigError when it is not TOML."""
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        problem = Problem(name, 1, 1, "", "lists or tables are nested too deeply", "nest them less")
        raise ConfigError([problem]) from None
    except ValueError as error:
        raise ConfigError([_syntax_problem(text, name, str(error))]) from None
    return Document(name, tables, functools.partial(_positions, text))


def _positions(text: str) -> "Positions":
    from storescpd.config.positions import positions  # noqa: PLC0415

    return positions(text)


def _syntax_problem(text: str, name: str, message: str) -> Problem:
    from storescpd.config.positions import Place, Places  # noqa: PLC0415

    if text.startswith("\ufeff"):
        return Problem(name, 1, 1, "", "begins with a byte order mark", "save the file as UTF-8 without it")
    match = re.search(_AT, message)
    place = Place(int(match[1]), int(match[2])) if match else Place(1, 1)
    if message.endswith(_AT_END):
        place = Places(text).at(len(text.rstrip()))
    what = re.sub(_AT, "", message).removesuffix(_AT_END)
    return Problem(name, place.line, place.column, "", what[:1].lower() + what[1:], _SYNTAX_REMEDY)
