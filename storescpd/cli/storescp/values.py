"""Values of options as the configuration has them."""

import re

from storescpd.cli.storescp.option import KeyPath, Sets, Situation, Value
from storescpd.cli.storescp.scanning import number
from storescpd.data.limits import AE_TITLE_LENGTH, LONGEST_WAIT
from storescpd.data.tls_suites import TLS_1_3

_TITLE = re.compile(r"[ -\[\]-~]+")
"""PS3.5 6.2, VR AE."""
NO_WAITING = 0.001
"""Seconds: storescp takes 0 for a study that ends as soon as nothing is there to be read; here 0 is no timer."""


def dotted(text: str) -> KeyPath:
    """``"storage.directory"`` as a path of keys."""
    return tuple(int(part) if part.isdecimal() else part for part in text.split("."))


def fixed(key: str, value: Value) -> Sets:
    """A constant."""
    return Sets(dotted(key), value)


def text(key: str, index: int = 0) -> Sets:
    """A value as it is."""
    return Sets(dotted(key), lambda _, values: values[index], "VALUE")


def path(key: str, index: int = 0) -> Sets:
    """A path; ``~`` is a name like any other."""
    return Sets(dotted(key), lambda _, values: plain_path(values[index]), "VALUE")


def plain_path(value: str) -> str:
    """A path that the configuration takes for what storescp would open."""
    return f"./{value}" if value.startswith("~") else value


def directory(key: str) -> Sets:
    """A directory, without the separators at its end."""
    return Sets(dotted(key), lambda _, values: plain_path(values[0].rstrip("/") or values[0][:1] or "."), "VALUE")


def several(key: str) -> Sets:
    """All values of a repeatable option, as a list of paths."""
    return Sets(dotted(key), lambda _, values: [plain_path(value) for value in values], "[VALUE, ...]")


def suites(_: Situation, values: tuple[str, ...]) -> Value | None:
    """Names of suites; those of TLS 1.3 need not be named."""
    return [value for value in values if value not in TLS_1_3] or None


def integer(key: str, index: int = 0) -> Sets:
    """A whole number."""
    return Sets(dotted(key), lambda _, values: number(values[index]), "VALUE")


def seconds(key: str) -> Sets:
    """Seconds; less than none is none, more than a hundred years is a hundred years."""
    return Sets(dotted(key), lambda _, values: min(max(number(values[0]), 0), LONGEST_WAIT), "VALUE")


def quiet_time(_: Situation, values: tuple[str, ...]) -> Value | None:
    """The quiet time that ends a study."""
    return min(number(values[0]), LONGEST_WAIT) or NO_WAITING


def title(_: Situation, values: tuple[str, ...]) -> Value | None:
    """An AE title; what is none has never meant anything."""
    stripped = values[0].strip(" ")
    return stripped if _TITLE.fullmatch(stripped) and len(stripped) <= AE_TITLE_LENGTH else None


def command(key: str) -> Sets:
    """A command for the shell; blanks are none."""
    return Sets(dotted(key), lambda _, values: values[0] if values[0].strip() else None, "VALUE")


def unless_bit_preserving(key: str, value: Sets) -> Sets:
    """Nothing where the bytes stay as they are: storescp tolerates the option there, and it has no effect."""
    return Sets(
        dotted(key),
        lambda line, values: None if line.has("--bit-preserving") else value.of(line, values),
        value.shown or str(value.value).lower(),
    )
