"""Statements whose value is not TOML, or whose key is there already."""

import re

from storescpd.config.positions import positions
from storescpd.config.problems import dotted
from storescpd.config.syntax.proposals import objection, proposal, shown
from storescpd.config.syntax.statement import FANCY_QUOTES, QUOTES, Diagnosis, Statement

_WINDOWS = re.compile(r"[A-Za-z]:\\|\\\\")
_NOTHING = frozenset({"null", "none", "nil", "undefined"})


def twice(statement: Statement) -> Diagnosis | None:
    """A key that is there already, or part of something that was complete."""
    if not statement.path or not _complains_of_more(statement.words):
        return None
    places = positions(statement.before)
    column = len(statement.first) - len(statement.first.lstrip()) + 1
    if statement.path in places.keys:
        first = places.keys[statement.path].line
        message = f"is set in line {first} already"
        return Diagnosis(message, "keep one of the two lines", column, dotted(statement.path))
    outer = next(
        (statement.path[:n] for n in range(len(statement.path), 0, -1) if statement.path[:n] in places.keys), ()
    )
    if not outer:
        return None
    message = f"{dotted(outer)} is complete in line {places.keys[outer].line} already"
    return Diagnosis(message, "write this key there", column, dotted(statement.path))


def _complains_of_more(words: str) -> bool:
    return any(sign in words for sign in ("overwrite", "twice", "mutate", "redefine", "namespace"))


def fancy_quotes(statement: Statement) -> Diagnosis | None:
    """Quotes that a word processor has made."""
    last = statement.lines[-1]
    found = re.search(f"[{FANCY_QUOTES}]", last)
    if found is None or re.search(rf"[\"'][^\"']*[{FANCY_QUOTES}][^\"']*[\"']", last):
        return None
    meant = proposal(statement.path, statement.value) if statement.path else None
    remedy = statement.written(meant) if meant else "replace them by plain quotes"
    return Diagnosis("has typographic quotes", remedy, found.start() + 1, below=len(statement.lines) - 1)


def inline_table(statement: Statement) -> Diagnosis | None:
    """``{ key = value }``."""
    value = statement.value
    if not value.startswith("{"):
        return None
    key = statement.path[-1] if statement.path else "it"
    double = re.search(r"([{,]\s*([\w.-]+))\s*:", value)
    if double is not None:
        return Diagnosis(
            f'"{double[2]}:" has a colon', f"write {double[2]} = value inside of the braces", statement.column
        )
    twice = re.search(r"duplicate inline table key '?([^']*)'?", statement.words)
    if twice is not None:
        return Diagnosis(f"{key} has {twice[1]} twice", "keep one of them", statement.column)
    if re.search(r",\s*}", value):
        return Diagnosis(
            "a comma stands before the closing brace", "remove that comma", value.rindex(",") + statement.at_value
        )
    if "}" not in value:
        table = f"[{dotted(tuple(part for part in statement.path if isinstance(part, str)))}]"
        remedy = f"write it all on one line, or {table} and its keys below, one a line"
        return Diagnosis("a table in braces ends in the line in which it begins", remedy, statement.at_value)
    return None


def backslash(statement: Statement) -> Diagnosis | None:
    """Text in double quotes with what is no escape."""
    value = statement.value
    if not value.startswith('"') or "\\" not in value or not re.search("unescaped|hex|scalar|escape", statement.words):
        return None
    inner = value.strip('"')
    if _WINDOWS.match(inner):
        remedy = 'write a path of this machine, such as "/srv/dicom"'
        return Diagnosis("this is a path of Windows", remedy, statement.at_value)
    if inner.startswith("/"):
        return Diagnosis(
            "a path in quotes needs no backslashes", statement.written(shown(inner.replace("\\", ""))), statement.column
        )
    remedy = statement.written(f"'{inner}'") + ": in single quotes a backslash means itself"
    return Diagnosis("a backslash in double quotes begins an escape such as \\n", remedy, statement.column)


def missing_quote(statement: Statement) -> Diagnosis | None:
    """Text that does not end."""
    value = statement.value
    for quote in ('"""', "'''"):
        if value.startswith(quote):
            ends = "three quotes begin a text that ends with three more, which never come"
            return Diagnosis(ends, statement.written(proposal(statement.path, value) or '"text"'), statement.at_value)
    if len(value) < 2 or value[0] not in "\"'" or value.count(value[0]) > 1:
        return None
    meant = proposal(statement.path, value) or shown(value.strip(QUOTES))
    return Diagnosis("the closing quote is missing", statement.written(meant), statement.at_value)


def after_value(statement: Statement) -> Diagnosis | None:
    """Something behind a value that is good."""
    match = re.match(r"""("(?:[^"\\]|\\.)*"|'[^']*'|\[[^\[\]]*\]|true|false)\s*(.+)$""", statement.value)
    if match is None:
        return None
    value, rest = match.groups()
    column = statement.at_value + match.start(2)
    for pattern, message, remedy in _BEHIND:
        if re.match(pattern, rest):
            return Diagnosis(message, remedy, column)
    if rest.startswith(","):
        meant = proposal(statement.path, statement.value)
        return Diagnosis("several values need brackets", statement.written(meant or f"[{statement.value}]"), column)
    inner = statement.value[1:-1]
    if value[0] == '"' and statement.value.endswith('"') and "'" not in inner:
        return Diagnosis("quotes stand inside of the quotes", statement.written(f"'{inner}'"), column)
    return Diagnosis("something stands behind the value", "remove it, or put the whole value in quotes", column)


_BEHIND = (
    (r"[,;]$", "something stands behind the value", "remove it: the end of the line ends a value"),
    (r"//|--|;|/\*", "what stands behind the value is no comment", 'begin comments with "#"'),
    (r"[\w.-]+\s*=", "two keys stand on one line", "give each its own line"),
)


def list_of_values(statement: Statement) -> Diagnosis | None:
    """``[ value, value ]``."""
    value = statement.value
    below = len(statement.lines) - 1
    if not value.startswith("["):
        return None
    if not below and value.endswith("]"):
        meant = proposal(statement.path, value)
        remedy = statement.written(meant) if meant else "put each text in quotes, and a comma between two"
        return Diagnosis("this list is not right: texts need quotes, and commas between them", remedy, statement.column)
    if below and "]" in statement.lines[-1].partition("#")[0]:
        remedy = "put each text in quotes, and a comma between two"
        return Diagnosis("a comma or a quote is missing in this list", remedy, statement.column, below=below)
    remedy = "put ] behind its last value, and a comma between two values"
    return Diagnosis(
        f"the list that begins in line {statement.line + 1} does not go on here", remedy, statement.column, below=below
    )


def wrong_value(statement: Statement) -> Diagnosis | None:
    """What cannot be a value: mostly text without quotes."""
    if not statement.path:
        return None
    value, column = statement.value, statement.at_value
    if not value:
        remedy = f"write {statement.path[-1]} = and a value, or remove the line"
        return Diagnosis("this key has no value", remedy, column)
    if value.lower() in _NOTHING:
        remedy = "remove the line: a key that is not there has its default"
        return Diagnosis(f"{value} is no value", remedy, column)
    meant = proposal(statement.path, value)
    if meant is None:
        own = objection(statement.path, value)
        return (
            Diagnosis(own[0].partition(", not a")[0], own[1], column)
            if own
            else _quoteless(statement, shown(value.strip(QUOTES)))
        )
    if meant[0] in "\"'":
        return _quoteless(statement, meant)
    return Diagnosis(f"{value} is no value in TOML", statement.written(meant), column)


def _quoteless(statement: Statement, meant: str) -> Diagnosis:
    return Diagnosis("text without quotes", statement.written(meant), statement.at_value)
