"""Reading a file: its bytes, its text, its tables, and where everything in it stands."""

import codecs
import functools
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from storescpd.config.problems import ConfigError, Finding, KeyPath, Problem, dotted

if TYPE_CHECKING:
    from storescpd.config.positions import Place, Positions

DEFAULT_PATH = Path("/etc/storescpd/storescpd.toml")


class Document:
    """A text, whatever it says.

    ``look`` finds where everything stands; only who has something to say about the text asks.
    """

    def __init__(
        self,
        name: str,
        tables: dict[str, object],
        look: "Callable[[], Positions]",
        slips: tuple[Problem, ...] = (),
        lost: tuple[KeyPath, ...] = (),
        text: str = "",
    ) -> None:
        self.name = name
        self.text = text
        """Without its slips; empty where it is not kept."""
        self.tables = tables
        self.slips = slips
        """Where it is not TOML: ``tables`` is what the rest says, and nobody may serve by it."""
        self.lost = lost
        """Keys and tables that are not in ``tables`` though the text means them."""
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
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"} or content[1:2] == b"\0":
        # What Windows calls Unicode.
        problem = Problem(name, 1, 1, "", "is UTF-16 text", f"save the file as UTF-8: iconv -f UTF-16 -t UTF-8 {name}")
        raise ConfigError([problem])
    # A byte order mark says nothing that is not known.
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return document(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        raise ConfigError([_not_utf_8(content, error.start, name)]) from error


def _not_utf_8(content: bytes, start: int, name: str) -> Problem:
    """The first character that is none; mostly a letter with an accent in the encoding of an old editor."""
    from storescpd.config.positions import Places  # noqa: PLC0415

    text = content[:start].decode("utf-8")
    place = Places(text).at(len(text))
    shown = content[start : start + 1].decode("cp1252", "replace")
    message = f'is not UTF-8 text from here on: byte {content[start]:02X}, in Windows-1252 "{shown}"'
    return Problem(name, place.line, place.column, "", message, f"convert it: iconv -f WINDOWS-1252 -t UTF-8 {name}")


def document(text: str, name: str) -> Document:
    """Read a text; ``name`` is shown in messages."""
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError):
        from storescpd.config.syntax.remains import remains  # noqa: PLC0415 - words for who has erred

        left = remains(text, name)
        look = functools.partial(_positions, left.text)
        return Document(name, left.tables, look, left.problems, left.lost, left.text)
    return Document(name, tables, functools.partial(_positions, text), text=text)


def _positions(text: str) -> "Positions":
    from storescpd.config.positions import positions  # noqa: PLC0415

    return positions(text)
