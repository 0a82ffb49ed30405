"""What pydantic finds wrong with a key or a value, said for operators."""

import re
from collections.abc import Callable

from pydantic_core import ErrorDetails

from storescpd.config.keys import ARRAYS, RESERVED, header, meant, section_at, top_sections
from storescpd.config.problems import Finding, KeyPath, dotted
from storescpd.config.refusal import described
from storescpd.config.words import joined, near

_OUTSIDE = "there is no such key outside the sections"
_FEW = 12
"""So many keys of a section a message may list."""


def explained(detail: ErrorDetails) -> Finding:
    """One of pydantic's errors in our words."""
    explain = _EXPLANATIONS.get(detail["type"], _other)
    return explain(detail["loc"], detail)


def _unknown_key(path: KeyPath, detail: ErrorDetails) -> Finding:
    *table, name = path
    is_table = isinstance(detail["input"], dict | list)
    if path in RESERVED:
        return Finding(path, "not available yet", "remove it: this key is reserved for a later version", misplaced=True)
    what = f"there is no such key in {_label(tuple(table))}" if table else _OUTSIDE
    if not table and is_table:
        what = f"there is no section [{name}]"
    target = meant(path)
    if target is None:
        return Finding(path, what, _known(tuple(table)), misplaced=True)
    *target_table, target_name = target
    if not target_table and target_name in top_sections():
        remedy = f"did you mean {header(str(target_name))}?"
    elif target_table == table:
        remedy = f'did you mean "{target_name}"?'
    else:
        remedy = f'did you mean "{target_name}" in {header(dotted(tuple(target_table)))}?'
    if not table and target_table:
        what = _OUTSIDE
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
        return Finding(path, f"must be one word in quotes, not {described(value)}", f"write {_quoted(words)}")
    guesses = near(value, words)
    remedy = f"did you mean {_quoted(guesses)}?" if guesses else f"write {_quoted(words)}"
    return Finding(path, f'"{value}" is not known here', remedy)


def _quoted(words: list[str]) -> str:
    return joined(f'"{word}"' for word in words)


def _wrong_table(path: KeyPath, detail: ErrorDetails) -> Finding:
    if path[0] in ARRAYS and len(path) == 2:
        remedy = f"write [[{path[0]}]] on a line of its own, and its keys below it, one a line"
        return Finding(path, f"must be a table, not {described(detail['input'])}", remedy)
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
    elif isinstance(value, str):
        items = [f'"{item}"' for item in re.split(r"\s*[,;]\s*", value)]
        remedy = f"write [{', '.join(items)}]"
    else:
        remedy = "write it in brackets: [ ]"
    return Finding(path, f"must be a list, not {described(value)}", remedy)


def _wrong_int(path: KeyPath, detail: ErrorDetails) -> Finding:
    value = detail["input"]
    remedy = "write digits only, without quotes"
    if isinstance(value, str) and value.strip().isdecimal():
        remedy = f"write {int(value)}, without quotes"
    elif isinstance(value, list) and path[:1] == ("listeners",):
        remedy = "write one number; each port has a [[listeners]] table of its own"
    return Finding(path, f"must be a whole number, not {described(value)}", remedy)


_TRUTHS = dict.fromkeys(("true", "yes", "on", "1"), "true") | dict.fromkeys(("false", "no", "off", "0"), "false")


def _wrong_bool(path: KeyPath, detail: ErrorDetails) -> Finding:
    value = detail["input"]
    word = _TRUTHS.get(str(value).lower(), "true or false")
    return Finding(path, f"must be true or false, not {described(value)}", f"write {word}, without quotes")


def _wrong_text(path: KeyPath, detail: ErrorDetails) -> Finding:
    value = detail["input"]
    remedy = "put it in quotes"
    if isinstance(value, list):
        remedy = "write one text in quotes"
        if path[0] == "peers" and len(path) == 3:
            remedy += '; for several senders write a pattern such as "CT*", or a [[peers]] table each'
    return Finding(path, f"must be text, not {described(value)}", remedy)


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
    "bool_type": _wrong_bool,
    "int_type": _wrong_int,
    "string_type": _wrong_text,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "refusal": _refused,
}
