"""What pydantic finds wrong with a key or a value, said for operators."""

import re
from collections.abc import Callable

from pydantic_core import ErrorDetails

from storescpd.config.keys import ARRAYS, RESERVED, header, meant, section_at
from storescpd.config.problems import Finding, KeyPath, dotted
from storescpd.config.refusal import described
from storescpd.config.words import joined, nearest

_FEW = 12
"""So many keys of a section a message may list."""


def explained(detail: ErrorDetails) -> Finding:
    """One of pydantic's errors in our words."""
    explain = _EXPLANATIONS.get(detail["type"], _other)
    return explain(detail["loc"], detail)


def _unknown_key(path: KeyPath, _detail: ErrorDetails) -> Finding:
    *table, name = path
    if path in RESERVED:
        return Finding(path, "not available yet", "remove it: this key is reserved for a later version", misplaced=True)
    what = f"there is no section [{name}]" if not table else f"there is no such key in {_label(tuple(table))}"
    target = meant(path)
    if target is None:
        return Finding(path, what, _known(tuple(table)), misplaced=True)
    *target_table, target_name = target
    if not target_table:
        remedy = f"did you mean {header(str(target_name))}?"
    elif target_table == table:
        remedy = f'did you mean "{target_name}"?'
    else:
        remedy = f'did you mean "{target_name}" in {header(dotted(tuple(target_table)))}?'
    if not table and target_table:
        what = "there is no such key outside the sections"
    return Finding(path, what, remedy, concerns=(target,), misplaced=True)


def _label(table: KeyPath) -> str:
    names = tuple(part for part in table if isinstance(part, str))
    return header(names[0]) if len(names) == 1 else f"[{dotted(names)}]"


def _known(table: KeyPath) -> str:
    section = section_at(table)
    names = list(section.model_fields) if section is not None else []
    if 0 < len(names) <= _FEW:
        return f"remove it; the keys here are {joined(names, 'and')}"
    return "remove it; storescpd.toml(5) has all keys"


def _wrong_word(path: KeyPath, detail: ErrorDetails) -> Finding:
    value = detail["input"]
    words = re.findall("'([^']*)'", detail.get("ctx", {}).get("expected", ""))
    if not isinstance(value, str):
        return Finding(path, f"must be a word in quotes, not {described(value)}", f"write {_quoted(words)}")
    guess = nearest(value, words)
    remedy = f'did you mean "{guess}"?' if guess else f"write {_quoted(words)}"
    return Finding(path, f'"{value}" is not known here', remedy)


def _quoted(words: list[str]) -> str:
    return joined(f'"{word}"' for word in words)


def _wrong_table(path: KeyPath, detail: ErrorDetails) -> Finding:
    named = isinstance(path[-1], str) and path[-1] not in ARRAYS
    remedy = (
        f"write [{dotted(path)}] on a line of its own, its keys below"
        if len(path) == 1 and named
        else "write { key = value }"
    )
    return Finding(path, f"must be a table, not {described(detail['input'])}", remedy)


def _wrong_list(path: KeyPath, detail: ErrorDetails) -> Finding:
    value = detail["input"]
    if path[0] in ARRAYS and len(path) == 1:
        remedy = f"write [[{path[0]}]] with double brackets"
    else:
        remedy = f'write ["{value}"]' if isinstance(value, str) else "write it in brackets: [ ]"
    return Finding(path, f"must be a list, not {described(value)}", remedy)


def _wrong_type(wanted: str, remedy: str) -> Callable[[KeyPath, ErrorDetails], Finding]:
    def explain(path: KeyPath, detail: ErrorDetails) -> Finding:
        return Finding(path, f"must be {wanted}, not {described(detail['input'])}", remedy)

    return explain


def _too_small(path: KeyPath, detail: ErrorDetails) -> Finding:
    bound = detail["ctx"]["ge"]
    return Finding(path, f"{detail['input']} is too small", f"write {bound} or more")


def _too_large(path: KeyPath, detail: ErrorDetails) -> Finding:
    bound = detail["ctx"]["le"]
    return Finding(path, f"{detail['input']} is too large", f"write {bound} or less")


def _refused(path: KeyPath, detail: ErrorDetails) -> Finding:
    return Finding(path, detail["ctx"]["message"], detail["ctx"]["remedy"])


def _other(path: KeyPath, detail: ErrorDetails) -> Finding:
    return Finding(path, "this value cannot be used", f"see storescpd.toml(5): {detail['msg']}")


_EXPLANATIONS: dict[str, Callable[[KeyPath, ErrorDetails], Finding]] = {
    "extra_forbidden": _unknown_key,
    "literal_error": _wrong_word,
    "model_type": _wrong_table,
    "dict_type": _wrong_table,
    "tuple_type": _wrong_list,
    "bool_type": _wrong_type("true or false", "write true or false, without quotes"),
    "int_type": _wrong_type("a whole number", "write digits only, without quotes"),
    "string_type": _wrong_type("text", "put it in quotes"),
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "refusal": _refused,
}
