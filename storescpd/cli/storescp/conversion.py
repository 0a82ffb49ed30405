"""A command line of storescp as a configuration file: ``storescpd --convert`` (storescp facts 10)."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

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

LEFT: Mapping[str, str] = MappingProxyType(
    {
        "process.workers": "storescp has one process",
        "process.max_associations": "storescp serves one association at a time, the others wait",
        "process.when_full": "with storescp they wait",
        "process.umask": "storescp has that of its caller",
        "association.host_lookup": "storescp asks for the names of hosts",
        "association.idle_timeout": "storescp drops a peer that is silent for 60 s",
        "association.dimse_timeout": "storescp drops one that is silent in an object for 60 s",
        "storage.durability": "storescp answers before anything is on disk",
        "storage.min_free": "storescp fills the disk",
        "storage.file_mode": "with storescp the umask decides",
        "storage.directory_mode": "with storescp the umask decides",
        "hooks.concurrency": "storescp runs any number at once",
        "logging.level": "storescp logs warnings",
        "logging.destination": "storescp logs to stderr",
        "logging.format": "storescp has lines of its own",
        "logging.patient_data": "storescp shows names of patients where they name directories",
    }
)
"""What storescp does unasked and the daemon does better: these keys are left to the daemon."""
ANSWERS = ("association.error_comment", "storage.on_unreadable")
"""What storescp does unasked and senders see: it is written down, so that they hear what they did before."""
_HOOKS = (("hooks", "on_reception"), ("hooks", "on_end_of_study"))
_TOGETHER: Mapping[KeyPath, tuple[KeyPath, ...]] = MappingProxyType(
    {("process", "when_full"): (("process", "max_associations"),)}
)
"""Keys that are written after all where one of these is: without them it would mean something else."""
_SECRET = ("tls", "password")
_PADDING = ("encoding", "padding")
_SERVICE_PORTS = 1024


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
    warnings = tuple(map(_one_line, (*_changes(line), *ends, *_cautions(line, config), *remarks)))
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


def _changes(line: Line) -> Iterator[str]:
    for found in {one.option.long: one.option for one in line.occurrences}.values():
        if found.changes and line.has(found.long):
            yield f"{found.long}: {found.changes}"


def _cautions(line: Line, config: Config) -> Iterator[str]:
    """What the line says that is not in the file, or that a service must not have."""
    port = config.listeners[0].port
    yield "storage.directory: the daemon keeps a folder .storescpd in it, for objects that are not complete"
    if line.has("--inetd"):
        yield "--inetd: put it on the command line of storescpd; or let systemd listen, with a socket unit"
    elif port < _SERVICE_PORTS:
        yield f"port {port}: a service that is not root needs a socket unit or CAP_NET_BIND_SERVICE"
    if config.testing != type(config.testing)():
        yield "options to try out a sender: a service refuses them unless testing.allow_in_service is true"
    if line.has("--use-passwd"):
        yield "--use-passwd: the file has the password in clear; tls.password_file keeps it apart"
    elif line.has("--enable-tls") and not line.has("--null-passwd"):
        yield "--enable-tls: a service has no terminal to ask on; for a key with a password set tls.password_file"


def _head(line: Line, written: Iterable[Setting], warnings: Iterable[str]) -> Iterator[str]:
    yield "# Converted by storescpd --convert from:"
    yield f"#   storescp {_one_line(_shown(line))}"
    keys = {".".join(map(str, one.key)) for one in written}
    yield "#"
    yield "# Left as the daemon has it; storescp does otherwise unasked:"
    yield from (f"#   {key}: {reason}" for key, reason in LEFT.items() if key not in keys)
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
