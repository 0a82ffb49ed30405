"""The index of positions against tomllib: what tomllib finds is found, and it stands where the index says."""

import json
import tomllib

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from storescpd.config.positions import positions

BARE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def every_path(value, path=()):
    """Paths of all keys (ending in a name) and list items (ending in a number) of what tomllib returned."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from every_path(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from every_path(inner, (*path, index))


def text_at(text, place):
    return text.split("\n")[place.line - 1][place.column - 1 :]


def begins_with_key(rest, name):
    """Whether some beginning of ``rest``, as a TOML key, is ``name``; tomllib decides."""
    for end in range(1, len(rest) + 1):
        try:
            if tomllib.loads(f"{rest[:end]}=1") == {name: 1}:
                return True
        except tomllib.TOMLDecodeError:
            continue
    return False


def check(text):
    found = positions(text)
    paths = list(every_path(tomllib.loads(text)))
    keys = {path for path in paths if isinstance(path[-1], str)}
    assert set(found.keys) == keys
    assert set(found.values) == set(paths)
    for path in keys:
        assert begins_with_key(text_at(text, found.keys[path]), path[-1])


# --- documents written by tomli_w -------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["a", "b", "a.b", "", '"', "'", "é", "#", "="]
)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ['"""', "'''", "\\", "]", "}", "# no", "\n["]
)
scalars = (
    texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.datetimes() | st.times()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)


@given(st.dictionaries(names, values, max_size=4), st.booleans())
def test_documents_of_tomli_w(document, multiline):
    check(tomli_w.dumps(document, multiline_strings=multiline))


# --- documents in layouts of all kinds, by a writer that knows where it put each key ----------------------------------


class Writer:
    """Writes tables with drawn layouts and notes the offset of each key's first mention and of each value."""

    def __init__(self, draw):
        self.draw = draw
        self.text = ""
        self.keys = {}
        self.values = {}
        self.last_name = 0

    def choose(self, *options):
        return self.draw(st.sampled_from(options))

    def put(self, text):
        self.text += text

    def gap(self, *, lines=False):
        self.put(self.choose("", "", " ", "\t ", *(["\n", " # ] } = 'x\n", "\r\n"] if lines else [])))

    def end_line(self):
        self.put(self.choose("\n", "\r\n", " # 'comment\" = [\n", "\n\n#x = 1\n"))

    def name(self, path):
        self.last_name = len(self.text)
        self.keys.setdefault(path, len(self.text))
        self.values.setdefault(path, len(self.text))
        name = path[-1]
        forms = [json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007F")]
        forms += ['"' + "".join(f"\\U{ord(character):08x}" for character in name) + '"']
        forms += [f"'{name}'"] if "'" not in name and name.isprintable() else []
        forms += [name] * 3 if name and set(name) <= BARE else []
        self.put(self.choose(*forms))

    def dotted(self, start, path):
        """Write the names of ``path`` after its first ``start`` parts."""
        parts = [path[:length] for length in range(start + 1, len(path) + 1) if isinstance(path[length - 1], str)]
        for index, part in enumerate(parts):
            if index:
                self.gap()
                self.put(".")
            self.gap()
            self.name(part)
        self.gap()

    def table(self, path, table, *, headed, nested=False):
        later = []
        if headed:
            self.header("[", path, "]")
        for name, value in table.items():
            here = (*path, name)
            must = nested and not headed
            may = isinstance(value, dict) or is_tables(value)
            if must or (may and self.choose(True, False)):
                later.append((here, value))
            else:
                self.statement(len(path), here, value)
                self.end_line()
        for here, value in later:
            if isinstance(value, dict):
                # A table of tables alone need not have a header of its own: it exists by theirs.
                nested = value and all(isinstance(inner, dict) for inner in value.values())
                self.table(here, value, headed=not nested or self.choose(True, False), nested=bool(nested))
            else:
                for index, element in enumerate(value):
                    self.header("[[", here, "]]", element=(*here, index))
                    self.table((*here, index), element, headed=False)

    def header(self, opening, path, closing, element=None):
        self.put(self.choose("", "\n", "  "))
        self.put(opening)
        self.dotted(0, path)
        if element is not None:
            self.values[element] = self.last_name
        self.put(closing)
        self.end_line()

    def statement(self, start, path, value):
        if isinstance(value, dict) and value and self.choose(True, False, False):
            for index, (name, inner) in enumerate(value.items()):
                if index:
                    self.end_line()
                self.statement(start, (*path, name), inner)
            return
        self.gap()
        self.dotted(start, path)
        self.put("=")
        self.gap()
        self.value(path, value)

    def value(self, path, value):
        self.values[path] = len(self.text)
        if isinstance(value, dict):
            self.put("{")
            for index, (name, inner) in enumerate(value.items()):
                self.put("," if index else "")
                self.gap()
                self.dotted(len(path), (*path, name))
                self.put("=")
                self.gap()
                self.value((*path, name), inner)
                self.gap()
            self.put("}")
        elif isinstance(value, list):
            self.put("[")
            for index, inner in enumerate(value):
                self.put("," if index else "")
                self.gap(lines=True)
                self.value((*path, index), inner)
                self.gap(lines=True)
            self.put(self.choose("", ",") if value else "")
            self.gap(lines=True)
            self.put("]")
        else:
            self.put(value)


def is_tables(value):
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


RAW = st.sampled_from(
    [
        "1", "0x1F", "true", "1979-05-27 07:32:00", "1979-05-27T07:32:00.5+01:00", "07:32:00", "inf",
        '""', '"a # b"', '"\\"]"', "''", "'\\'", "'a = [1'", '""""""', '"""a"""""', '"""\n[x]\n"b" = \\""" \\\n  c"""',
        "''''''", "'''it's\n[[y]]'''''", '"ü\\U0001F600"', "'''\r\nz = 1'''",
    ]
)  # fmt: skip
layout_values = st.recursive(
    RAW,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)


def place_of(text, offset):
    before = text[:offset]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


@given(st.dictionaries(names, layout_values, max_size=4), st.data())
def test_documents_of_all_layouts(document, data):
    writer = Writer(data.draw)
    writer.table((), document, headed=False)
    found = positions(writer.text)
    paths = list(every_path(tomllib.loads(writer.text)))
    assert set(found.values) == set(paths)
    expected = {path: place_of(writer.text, offset) for path, offset in writer.keys.items()}
    assert {path: (place.line, place.column) for path, place in found.keys.items()} == expected
    for path in paths:
        place = found.values[path]
        assert (place.line, place.column) == place_of(writer.text, writer.values[path])


# --- single cases, read off by eye ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("a = 1", ("a",), (1, 1), (1, 5)),
        ("\n\n  key   =  'x'", ("key",), (3, 3), (3, 12)),
        ("# c\r\n[t]\r\nk = 1\r\n", ("t", "k"), (3, 1), (3, 5)),
        ("[a.b]\nc.d = { e = [1, { f = 2 }] }", ("a", "b", "c", "d", "e", 1, "f"), (2, 19), (2, 23)),
        ("[[p]]\n[[p]]\nx = 1", ("p", 1, "x"), (3, 1), (3, 5)),
        ("[[p]]\n[p.s]\nx = 1\n[[p]]\n[p.s]\nx = 2", ("p", 1, "s", "x"), (6, 1), (6, 5)),
        ("[[p]]\n[[p.q]]\n[[p.q]]\nz = 0", ("p", 0, "q", 1, "z"), (4, 1), (4, 5)),
        ('"é" . "\\u0062" = 1', ("é", "b"), (1, 7), (1, 18)),
        ('s = """\n[no]\nk = 1"""\nt = 2', ("t",), (4, 1), (4, 5)),
        ("'ключ' = 'значение'", ("ключ",), (1, 1), (1, 10)),
        ("[ t . 'u' ]\n", ("t", "u"), (1, 7), (1, 7)),
    ],
)
def test_places(text, path, key, value):
    found = positions(text)
    place = found.keys[path]
    assert (place.line, place.column) == key
    place = found.values[path]
    assert (place.line, place.column) == value


def test_deep_lists_do_not_exhaust_the_stack():
    depth = 2_000
    found = positions("a = " + "[" * depth + "]" * depth)
    assert len(found.values) == depth


def test_what_toml_1_1_adds():
    """Newer tomllib accepts it, so the index must not stumble."""
    found = positions('t = { # one\n  "a\\x62\\e" = 1,\n  c = 2, # two\n}\nd = 3\n')
    assert {path: (place.line, place.column) for path, place in found.keys.items()} == {
        ("t",): (1, 1),
        ("t", "ab\x1b"): (2, 3),
        ("t", "c"): (3, 3),
        ("d",): (5, 1),
    }
