"""From tables to models: every key known, every value of its type; what pydantic says, said for operators."""

from functools import reduce
from typing import NamedTuple

from pydantic import ValidationError

from storescpd.config.keys import ARRAYS
from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.section import Section

_DEFAULTS = {name: field.default for name, field in Config.model_fields.items()}


class Shape(NamedTuple):
    """What could be read of the tables."""

    config: Config
    """Keys that are wrong have their defaults here."""
    findings: tuple[Finding, ...]
    broken: tuple[KeyPath, ...]
    """Keys whose value in ``config`` is not what the file wants to say."""


def shape(tables: dict[str, object]) -> Shape:
    """Build the models, leaving out what is wrong."""
    plain = _plain(tables)
    return _judged(tables) if plain is None else Shape(plain, (), ())


def _plain(tables: dict[str, object]) -> Config | None:
    """The configuration of a file of plain sections without an error; ``None`` for every other one.

    So nothing is built for the sections that it does not have, and what is not right is judged as a whole.
    """
    given: dict[str, object] = {}
    for name, said in tables.items():
        default = _DEFAULTS.get(name)
        if isinstance(default, Section):
            section = _section(default, said)
            if section is None:
                return None
            given[name] = section
        elif type(said) is type(default) and said == default:
            given[name] = said
        else:
            return None
    # The defaults are frozen: nobody needs copies of them.
    return Config.model_construct(_fields_set=set(given), **(_DEFAULTS | given))


def _section(default: Section, table: object) -> Section | None:
    """What a table says; ``None`` if that is wrong."""
    if table == {}:
        return default
    try:
        return type(default).model_validate(table)
    except ValidationError:
        return None


def _judged(tables: dict[str, object]) -> Shape:
    findings: list[Finding] = []
    broken: list[KeyPath] = []
    sound = tables
    while True:
        try:
            return Shape(Config.model_validate(sound), tuple(findings), tuple(broken))
        except ValidationError as error:
            from storescpd.config.explain import explained  # noqa: PLC0415 - words for who has erred

            found = [explained(detail) for detail in error.errors(include_url=False)]
        findings += found
        broken += [path for finding in found for path in (_cut(finding.key), *finding.concerns)]
        pruned = _all_without(sound, [_cut(finding.key) for finding in found])
        # What could not be cut out goes with its whole section, so that this ends.
        sound = pruned if pruned != sound else _all_without(sound, [finding.key[:1] for finding in found])


def _all_without(tables: dict[str, object], paths: list[KeyPath]) -> dict[str, object]:
    return reduce(_without, paths, tables)


def _cut(path: KeyPath) -> KeyPath:
    """What goes with a wrong value: a list of values as a whole, of a table in a list only the key."""
    start = 2 if path[0] in ARRAYS and len(path) > 2 else 1
    return next((path[:length] for length in range(start, len(path)) if isinstance(path[length], int)), path)


def _without(tables: dict[str, object], path: KeyPath) -> dict[str, object]:
    """A copy without one key; only what is on the way to it is copied."""
    first, *rest = path
    copied = dict(tables)
    inner = copied.get(str(first))
    if not rest:
        copied.pop(str(first), None)
    elif isinstance(inner, dict):
        copied[str(first)] = _without(inner, tuple(rest))
    elif isinstance(inner, list) and isinstance(rest[0], int):
        number, *deeper = rest
        copied[str(first)] = [
            _without(item, tuple(deeper)) if index == number else item for index, item in enumerate(inner)
        ]
    return copied
