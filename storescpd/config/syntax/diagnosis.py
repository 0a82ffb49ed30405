"""What is wrong with one statement: whoever recognises it first says it."""

from collections.abc import Callable

from storescpd.config.problems import dotted
from storescpd.config.syntax import lines, values
from storescpd.config.syntax.statement import UNKNOWN, Diagnosis, Statement

_Judge = Callable[[Statement], Diagnosis | None]


def diagnosed(statement: Statement) -> Diagnosis:
    """What the mistake is, as well as can be said."""
    for judge in _JUDGES:
        found = judge(statement)
        if found is not None:
            return found if found.key else found._replace(key=dotted(statement.path))
    return Diagnosis(statement.words, UNKNOWN, statement.column, dotted(statement.path), below=len(statement.lines) - 1)


_JUDGES: tuple[_Judge, ...] = (
    lines.another_kind, lines.merge_conflict, values.twice, lines.invisible, values.fancy_quotes, lines.broken_header,
    lines.command_line, lines.comment, lines.no_equals, values.inline_table, values.backslash, values.missing_quote,
    values.after_value, values.list_of_values, values.wrong_value,
)  # fmt: skip
