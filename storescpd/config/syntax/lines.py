"""Lines that are no statement: other kinds of files, foreign comments, headers, keys without a sign."""

import re

from storescpd.config.keys import ARRAYS, header, section_at, top_sections
from storescpd.config.positions import positions
from storescpd.config.problems import KeyPath, dotted
from storescpd.config.syntax.proposals import proposal
from storescpd.config.syntax.statement import KEY, QUOTES, UNKNOWN, Diagnosis, Statement, is_key
from storescpd.config.words import nearest

_INVISIBLE = re.compile(
    "[\u00a0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u2060\u3000\ufeff]|[\x00-\x08\x0b-\x1f\x7f]"
)


def another_kind(statement: Statement) -> Diagnosis | None:
    """A file of another kind."""
    text = f"{statement.before}\n{statement.first}"
    if re.search(r"^\[\[(TransferSyntaxes|PresentationContexts)\]\]", text, re.MULTILINE):
        remedy = "name it as negotiation.profile_file, or convert it: storescpd --import-profiles FILE"
        return Diagnosis("an association profile file of storescp, not TOML", remedy, 1, hopeless=True)
    if statement.before.strip():
        return None
    for pattern, what in _KINDS:
        if re.match(pattern, statement.first.strip()):
            remedy = "name the right file with --config, or write TOML: [section] and key = value on lines of their own"
            return Diagnosis(f"this looks like {what}, not like TOML", remedy, 1, hopeless=True)
    return None


_KINDS = (
    (r"-----BEGIN ", "a key or a certificate"),
    (r"[{]\s*(\"|$)", "JSON"),
    (r"<\?|<!|<\w+[^<]*>", "XML"),
    (r"#!", "a script"),
)


def merge_conflict(statement: Statement) -> Diagnosis | None:
    """What git leaves where it could not merge."""
    if not re.match(r"(<{7}|={7}|>{7}|\|{7})( |$)", statement.first):
        return None
    return Diagnosis("a mark of a merge conflict", "keep one of the two versions, and remove the marks", 1)


def command_line(statement: Statement) -> Diagnosis | None:
    """Options of storescp."""
    if not re.match(r"\s*(storescpd? |-{1,2}[a-z][a-z-]*( |$)|\+[a-zB]\S*( |$))", statement.first):
        return None
    remedy = "storescpd --convert -- OPTIONS prints the TOML for a command line of storescp"
    return Diagnosis("a command line, not TOML", remedy, 1)


def comment(statement: Statement) -> Diagnosis | None:
    """Comments of other languages."""
    match = re.match(r"\s*(;|//|--|/\*|\*|%|!|REM |rem |')", statement.first)
    if match is None:
        return None
    return Diagnosis(f'"{match[1].strip()}" begins no comment', 'begin comments with "#"', match.start(1) + 1)


def invisible(statement: Statement) -> Diagnosis | None:
    """Blanks that are none, and characters without a shape."""
    for below, line in enumerate(statement.lines):
        match = _INVISIBLE.search(line)
        if match is not None:
            code = f"U+{ord(match[0]):04X}"
            remedy = "delete the line and type it anew; it often comes from a web page or a mail"
            return Diagnosis(f"has an invisible character ({code})", remedy, match.start() + 1, below=below)
    return None


def broken_header(statement: Statement) -> Diagnosis | None:
    """``[section`` and its likes."""
    line = statement.first
    match = re.match(r"\s*([\[({<]+)\s*([^\])}>=]*)([\])}>]*)(.*)$", line)
    if match is None or not match[1]:
        return None
    opening, name, closing, rest = (group.strip() for group in match.groups())
    if not name:
        return Diagnosis("this header names no section", "write [section], such as [storage]", match.start(1) + 1)
    column = match.start(1) + 1
    known = top_sections()
    section = name if name in known else nearest(name, known, 0.85)
    right = header(section) if section else None
    if closing == {"[": "]", "[[": "]]"}.get(opening) and re.fullmatch(r"[\w.\"' -]+", name):
        found = _declared_twice(statement, name) or _behind_header(rest, f"{opening}{name}{closing}", line)
        if found is not None:
            return found
    remedy = f"write {right} on a line of its own" if right else "write [section] on a line of its own"
    if closing == {"[": "]", "[[": "]]"}.get(opening):
        return Diagnosis(f'"{name}" cannot be the name of a section', UNKNOWN, column)
    return Diagnosis("this is no section header: its brackets are wrong", remedy, column, section or "")


def _behind_header(rest: str, shown_header: str, line: str) -> Diagnosis | None:
    text = rest.strip()
    if not text or text.startswith("#"):
        return None
    column = len(line) - len(rest.lstrip()) + 1
    remedy = f"remove it: {shown_header} alone" if not re.search(r"\w", text) else "put it on a line of its own"
    return Diagnosis(f"something stands behind {shown_header}", remedy, column)


def _declared_twice(statement: Statement, name: str) -> Diagnosis | None:

    path: KeyPath = tuple(part.strip().strip("\"'") for part in name.split("."))
    places = positions(statement.before).keys
    if path not in places:
        return None
    first = places[path].line
    if path[-1] in ARRAYS and len(path) == 1:
        message = f"{header(name)} begins in line {first} already, in another way"
        return Diagnosis(message, f"write {header(name)} above each of its tables", 1, dotted(path))
    message = f"there is a [{name}] in line {first} already"
    return Diagnosis(message, "put the keys of both under one of them", 1, dotted(path))


def no_equals(statement: Statement) -> Diagnosis | None:
    """A key without ``=`` behind it."""
    line = statement.first
    match = KEY.match(line)
    if match is None:
        return _without_key(statement)
    rest, key, column = line[match.end() :], match[1].strip(), match.end() + 1
    if (rest.startswith("=") and rest[:2] not in {"==", "=>"}) or len(statement.lines) > 1:
        return None
    path = (*statement.table, *key.split("."))
    wrong = re.match(r"(:=|:|==|=>|\+=|->|\uff1d|~)\s*(.*)$", rest)
    if wrong is not None:
        return _other_sign(statement, path, wrong[1], wrong[2], column)
    words = re.match(r"([A-Za-z0-9_ -]+?)\s*=", line.strip())
    return _no_sign(path, rest, column) if words is None else _key_of_words(statement, words[1], path)


def _no_sign(path: KeyPath, rest: str, column: int) -> Diagnosis:
    key = path[-1]
    if not rest.strip() or rest.startswith("#"):
        return Diagnosis("this key has no value", f"write {key} = and its value", column, dotted(path))
    if rest[0] in QUOTES + "[{0123456789/" or is_key(path):
        meant = proposal(path, rest)
        remedy = f"write {key} = {meant}" if meant else 'write "=" between key and value'
        return Diagnosis('"=" is missing between key and value', remedy, column, dotted(path))
    return Diagnosis("this is neither [section] nor key = value", UNKNOWN, column)


def _without_key(statement: Statement) -> Diagnosis | None:
    match = re.match(r"\s*=", statement.first)
    if match is None:
        return None
    return Diagnosis("there is no key before the =", "write key = value", match.end())


def _other_sign(statement: Statement, path: KeyPath, sign: str, value: str, column: int) -> Diagnosis:
    meant = proposal(path, re.sub(r"\s#[^\"']*$", "", value))
    key = ".".join(str(part) for part in path[len(statement.table) :])
    if not value and sign == ":":
        remedy = f"write {header(key)}" if key in top_sections() else f"write {key} = and its value"
        return Diagnosis(f'"{key}:" is YAML, not TOML', remedy, column, dotted(path))
    remedy = f"write {key} = {meant}" if meant else f'write "=" instead of "{sign}"'
    return Diagnosis(f'"{sign}" stands between key and value', remedy, column, dotted(path))


def _key_of_words(statement: Statement, words: str, path: KeyPath) -> Diagnosis:
    section = section_at(statement.table)
    meant = nearest(words, section.model_fields) if section is not None else None
    remedy = f'did you mean "{meant}"?' if meant else "join the words by underscores"
    key = (*statement.table, meant) if meant else path[:-1]
    return Diagnosis(f'"{words}" cannot be a key: it has blanks', remedy, 1, dotted(key))
