"""A command line of storescp as a configuration file: ``storescpd --convert`` (storescp facts 10)."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from storescpd.cli.storescp.cautions import LEFT, cautions, changes, left
from storescpd.cli.storescp.errors import CommandLineError
from storescpd.cli.storescp.for_many import for_many
from storescpd.cli.storescp.line import Line
from storescpd.cli.storescp.model import config_of
from storescpd.cli.storescp.option import KeyPath, Value
from storescpd.cli.storescp.settings import Setting, settings
from storescpd.config import Config, ConfigError
from storescpd.config.paths import paths
from storescpd.config.profile_file import read_text
from storescpd.config.profile_tables import profile_tables
from storescpd.config.toml_values import toml_value

ANSWERS = ("association.error_comment", "storage.on_unreadable")
"""What storescp does unasked and senders see: it is written down, so that they hear what they did before."""
_HOOKS = (("hooks", "on_reception"), ("hooks", "on_end_of_study"))
_TOGETHER: Mapping[KeyPath, tuple[KeyPath, ...]] = MappingProxyType(
    {("process", "when_full"): (("process", "max_associations"),)}
)
"""Keys that are written after all where one of these is: without them it would mean something else."""
_SECRET = ("tls", "password")
_PADDING = ("encoding", "padding")


@dataclass(frozen=True, slots=True)
class Converted:
    """A configuration file and what to know about it."""

    toml: str
    warnings: tuple[str, ...]


def convert(line: Line, umask: int) -> Converted:
    """Write down what a line means; the line has passed all checks.

    Paths are made absolute, as a service has no working directory, and the profile file's tables are included.

    Raises:
        CommandLineError: the line is none that the daemon can serve by, or a file that it names cannot be used.
    """
    config = config_of(line, umask)
    written = [_absolute(one, config) for one in settings(line, umask) if _is_written(one, line, umask)]
    tables, remarks = _profiles(line)
    written = [one for one in written if not tables or one.key != ("negotiation", "profile_file")]
    written, ends = for_many(written)
    warnings = tuple(map(_one_line, (*changes(line), *ends, *cautions(line, config), *remarks)))
    text = "\n".join([*_head(line, written, warnings), *_body(_with_directory(written, line)), tables])
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CommandLineError("a value is not UTF-8, and a configuration file has to be") from error
    return Converted(text, warnings)


def _is_written(one: Setting, line: Line, umask: int) -> bool:
    if one.option:
        return True
    said = {other.key for other in settings(line, umask) if other.option}
    key = ".".join(map(str, one.key))
    if key in ANSWERS:
        return True
    if key in LEFT:
        return bool(said & set(_TOGETHER.get(one.key, ())))
    # The rest of what storescp does unasked concerns hooks.
    return bool(said & set(_HOOKS))


def _absolute(one: Setting, config: Config) -> Setting:
    known = {key[:2] for key, _ in paths(config)}
    if one.key not in known:
        return one
    if isinstance(one.value, list):
        return replace(one, value=[os.path.abspath(path) for path in one.value])
    is_path = isinstance(one.value, str) and (one.key != ("logging", "destination") or "/" in one.value)
    return replace(one, value=os.path.abspath(str(one.value))) if is_path else one


def _with_directory(written: Sequence[Setting], line: Line) -> list[Setting]:
    if line.has("--output-directory"):
        return list(written)
    here = Setting(("storage", "directory"), os.getcwd(), "without -od: where storescp is started")
    return [*written, here]


def _profiles(line: Line) -> tuple[str, tuple[str, ...]]:
    """The tables of the profile file, and what storescp passes over in it."""
    if not line.has("--config-file"):
        return "", ()
    path = line.values("--config-file")[0]
    try:
        tables, notes = profile_tables(read_text(Path(path)), path)
    except ConfigError as error:
        raise CommandLineError(f"--config-file: {error}") from error
    return f"\n# The association profiles of {_one_line(path)}\n{tables}", tuple(map(str, notes))


def _head(line: Line, written: Iterable[Setting], warnings: Iterable[str]) -> Iterator[str]:
    yield "# Converted by storescpd --convert from:"
    yield f"#   storescp {_one_line(_shown(line))}"
    keys = {".".join(map(str, one.key)) for one in written}
    yield "#"
    yield "# Left as the daemon has it; storescp does otherwise unasked:"
    yield from (f"#   {key}: {reason}" for key, reason in left(line) if key not in keys)
    warned = [f"#   {warning}" for warning in warnings]
    if warned:
        yield from ("#", "# What changes in meaning:", *warned)
    silent = [_one_line(one.text) for one in line.occurrences if not line.has(one.option.long)]
    if silent:
        yield from ("#", f"# Displaced by what comes after it: {', '.join(silent)}")
    yield ""
    yield "config_version = 1"


def _shown(line: Line) -> str:
    """The line without the password."""
    words = [f"{one.written} ..." if one.option.long == "--use-passwd" else one.text
             for one in line.occurrences]  # fmt: skip
    return " ".join([*words, *map(shlex.quote, line.parameters)])


def _body(written: Sequence[Setting]) -> Iterator[str]:
    order = list(Config.model_fields)
    for name in sorted({str(one.key[0]) for one in written}, key=order.index):
        yield ""
        yield f"[[{name}]]" if name == "listeners" else f"[{name}]"
        yield from _table([one for one in written if one.key[0] == name])


def _table(written: Sequence[Setting]) -> Iterator[str]:
    padding = {str(one.key[-1]): one.value for one in written if one.key[:2] == _PADDING}
    for one in written:
        if one.key[:2] != _PADDING:
            yield _entry(str(one.key[-1]), _toml(one.value), one)
        elif padding:
            inner = ", ".join(f"{key} = {_toml(value)}" for key, value in padding.items())
            padding = {}
            yield _entry("padding", f"{{ {inner} }}", one)


def _entry(key: str, value: str, one: Setting) -> str:
    option = "+pw" if one.key == _SECRET else _one_line(one.option)
    if one.key[0] == "listeners" and key == "port":
        option = "the port"
    return f"{key} = {value}  # {option or 'as storescp'}"


def _toml(value: Value) -> str:
    # JSON leaves DEL as it is, TOML does not.
    return toml_value(value).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    """A comment ends with its line."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
