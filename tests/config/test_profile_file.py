"""storescp's association profile files: what it takes and refuses, what it negotiates then (storescp facts 7.1 - 7.3).

Every case is read by both. A case says how the base file is changed and in which line our first error is; 0: both load
it, and must then answer one request with the same bytes.
"""

import string
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storescpd.config import ConfigError, parse
from storescpd.config.negotiation_profiles import profiles
from storescpd.config.profile_file import TABLES, parse_profiles, read_profile_file
from storescpd.config.profile_lexer import normalised, supersections
from storescpd.config.profile_names import by_byte_order
from tests.config.profile_files import BASE, CASES, TWO, changed
from tests.support.negotiating import (
    BIG,
    IMPLICIT,
    LITTLE,
    VERIFICATION,
    answered,
    negotiated,
    policy_of_profile,
    role_item,
)
from tests.support.rawclient import associate_request
from tests.support.reference import storescp
from tests.support.tools import need

CLASSES = [f"1.2.840.10008.5.1.4.1.1.{suffix}" for suffix in ("2", "4", "6.1")] + [VERIFICATION, "1.2.3"]
PROPOSED = [[LITTLE], [BIG], [IMPLICIT], ["1.2.3"], [IMPLICIT, BIG, LITTLE, "1.2.3"]]
REQUEST = associate_request(
    [(2 * number + 1, uid, syntaxes) for number, (uid, syntaxes) in enumerate(product(CLASSES, PROPOSED))],
    extra=role_item(CLASSES[0], 1, 1) + role_item(CLASSES[1], 0, 1),
)


def storescp_answers(path, directory, name):
    """The answer to the request; ``None`` when storescp refuses the file."""
    try:
        with storescp(directory, "-xf", str(path), name) as receiver:
            return answered(receiver.port, REQUEST)
    except RuntimeError as error:
        if "F: " not in str(error):
            raise
        return None


def first_line(path):
    with pytest.raises(ConfigError) as raised:
        read_profile_file(path)
    assert all(problem.file == str(path) and problem.remedy for problem in raised.value.problems)
    return raised.value.problems[0].line


@pytest.mark.parametrize("case", CASES)
def test_files_are_read_as_storescp_reads_them(tmp_path, case):
    need("storescp")
    line, edits = CASES[case]
    path = tmp_path / "profiles.cfg"
    path.write_bytes(changed(edits).encode("latin-1"))
    theirs = storescp_answers(path, tmp_path / "out", "P")
    assert (theirs is None) == bool(line), "storescp"
    if line:
        assert first_line(path) == line
    else:
        assert negotiated(policy_of_profile(path, "P"), REQUEST).items == theirs


def test_the_answers_to_the_request_can_tell_files_apart(tmp_path):
    path = tmp_path / "profiles.cfg"
    answers = set()
    for case in (
        "as it is",
        "gap",
        "key twice",
        "section twice",
        "no roles",
        "1023 bytes",
        "UID of nobody",
        "contexts twice",
    ):
        line, edits = CASES[case]
        if not line:
            path.write_text(changed(edits))
            answers.add(negotiated(policy_of_profile(path, "P"), REQUEST).items)
    assert len(answers) == 7


@pytest.mark.parametrize(
    ("name", "found"),
    [("p", True), (" P ", True), ("\tp\n", True), ("P.", False), ("", False), ("PP", False), ("\u00dfP", False)],
)
def test_names_of_profiles(tmp_path, name, found):
    need("storescp")
    path = tmp_path / "profiles.cfg"
    path.write_text(BASE)
    assert (storescp_answers(path, tmp_path / "out", name) is not None) == found
    text = f"[negotiation]\nprofile_file = '{path}'\nprofile = \"{name.strip(chr(9) + chr(10))}\""
    if found:
        assert len(profiles(parse(text, "x", not_yet=()))) == 1
    elif name:
        with pytest.raises(ConfigError, match="there is no profile"):
            profiles(parse(text, "x", not_yet=()))


def test_a_class_twice_matters_in_the_chosen_profile_alone(tmp_path):
    need("storescp")
    path = tmp_path / "profiles.cfg"
    again = "[D]\nPresentationContext1=CTImageStorage\\U\nPresentationContext2=CTImageStorage\\I\n[[SCPSCU"
    path.write_text(BASE.replace("[[SCPSCU", again) + "[Q]\nPresentationContexts=D\n")
    assert negotiated(policy_of_profile(path, "P"), REQUEST).items == storescp_answers(path, tmp_path / "out", "P")
    assert storescp_answers(path, tmp_path / "out", "Q") is None
    with pytest.raises(ConfigError, match=r"names 1\.2\.840\.10008\.5\.1\.4\.1\.1\.2 twice"):
        policy_of_profile(path, "Q")


# Old text, new text, line, key, message, remedy.
MESSAGES = [
    ("CTImageStorage\\U", "CTImagestorage\\U", 10, "[C] PRESENTATIONCONTEXT2",
     '"CTImagestorage" is not the name of a SOP class', 'did you mean "CTImageStorage"?'),
    ("LittleEndianImplicit", "LittleEndianImplicit ", 4, "[U] TRANSFERSYNTAX2",
     '"LittleEndianImplicit " is not the name of a transfer syntax', 'did you mean "LittleEndianImplicit"?'),
    ("UltrasoundImageStorage\\I", "UltrasoundImageStorage\\J", 11, "[C] PRESENTATIONCONTEXT3",
     'there is no list "J" in [[TRANSFERSYNTAXES]]', "add it to [[TRANSFERSYNTAXES]]"),
    ("MRImageStorage\\U", "MRImageStorage/U", 9, "[C] PRESENTATIONCONTEXT1",
     '"MRImageStorage/U" has no backslash', "write CLASS\\VALUE"),
    (TWO, "Explicit\n TransferSyntax2", 3, "[U] TRANSFERSYNTAX1",
     '"LittleEndianExplicit TransferSyntax2=LittleEndianImplicit" goes on in an indented line',
     "begin that line in its first column, comments too, or remove it"),
    ("\\BOTH", "\\NONE", 16, "[R] ROLE2", '"none" is not known here', 'write "scu", "scp" or "both"'),
    ("0102", "010", 19, "[E] EXTENDEDNEGOTIATION1",
     "is not 1 to 1023 bytes in hexadecimal", 'write two digits a byte, such as "0101"'),
    ("=R\n", "=X\n", 24, "[P] SCPSCUROLESELECTION",
     'there is no list "X" in [[SCPSCUROLESELECTION]]', "add it to [[SCPSCUROLESELECTION]]"),
    ("2=CTImageStorage\\0", "2=1.2.3\\0", 25, "[P] EXTENDEDNEGOTIATION",
     'names 1.2.3, which is not in [[PRESENTATIONCONTEXTS]] "C"', "add it there, or remove it here"),
    ("PresentationContexts=C\n", "", 22, "[P]", "is missing", "name a list of [[PRESENTATIONCONTEXTS]]"),
    ("=E\n", "=E\n[P]\nPresentationContexts=C\n", 26, "[P]", "there are two profiles P",
     "rename one of them, or remove it"),
    ("[[Profiles]]", "[[Profile]]", 1, "", "there is no section [[PROFILES]]", "add it"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "key", "message", "remedy"), MESSAGES)
def test_messages(old, new, line, key, message, remedy):
    with pytest.raises(ConfigError) as raised:
        parse_profiles(changed([(old, new)]), "f.cfg")
    found = [(one.file, one.line, one.key, one.message, one.remedy) for one in raised.value.problems]
    assert ("f.cfg", line, key, message, remedy) in found


def test_everything_that_is_wrong_is_told_at_once():
    text = changed([("Implicit", "Implicit "), ("1=MRI", "1=MRi"), ("\\BOTH", "\\NONE"), ("0102", "0")])
    with pytest.raises(ConfigError) as raised:
        parse_profiles(text, "f.cfg")
    assert {4, 9, 16, 19} <= {one.line for one in raised.value.problems}


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_profile_file(tmp_path)


def test_extended_negotiation_that_no_answer_can_hold():
    contexts = "".join(f"PresentationContext{number}=1.2.3.{number}\\U\n" for number in range(5, 50))
    data = "".join(f"ExtendedNegotiation{number - 2}=1.2.3.{number}\\{'00' * 1000}\n" for number in range(5, 50))
    text = changed([("[[SCP", contexts + "[[SCP"), ("[[Prof", data + "[[Prof")])
    with pytest.raises(ConfigError, match="in an answer, which has room for 40000"):
        parse_profiles(text, "f.cfg")


def test_names_by_byte_order():
    assert by_byte_order("little") == {"LocalEndianExplicit": LITTLE, "OppositeEndianExplicit": BIG}
    assert by_byte_order("big") == {"LocalEndianExplicit": BIG, "OppositeEndianExplicit": LITTLE}


PIECES = st.sampled_from(
    [*BASE.splitlines(keepends=True), *"\n \t\r\0#[]=\\.;1U", "[[", "]]", "\n ", "\n#", "\ufeff", "\u00df", "\x0b"]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join)))
def test_any_text_is_read_or_refused(text):
    try:
        found = parse_profiles(text, "f")
    except ConfigError as error:
        problems = error.problems
    else:
        problems = ()
        names = [name for kind in TABLES.values() for name in getattr(found, kind)]
        assert set("".join(names)) <= set(string.ascii_uppercase + string.digits + "-_")
    lines = normalised(text).count("\n") + 1
    assert all(problem.line and 1 <= problem.line <= lines and problem.message for problem in problems)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_the_lexer_says_where_things_are(text):
    text = normalised(text)
    for supersection in supersections(text):
        assert text[supersection.offset] == "["
        for section in supersection.sections:
            assert text[section.offset] == "["
            for value in section.values.values():
                first = value.text.split("\n")[0]
                assert "=" in text[section.offset : value.offset]
                assert not value.text.startswith((" ", "\t"))
                assert first in text[value.offset :]


def test_a_long_file_is_read_in_linear_time():
    # A file of brackets, or of lines that go on, is where a careless pattern would take for ever.
    for piece in ("[", "[ ", "]", "\n ", "a=\n \n", "#\n", "= \t"):
        supersections("[[A]][B]" + piece * 100_000)


def test_names_of_the_other_kind_are_refused():
    """storescp looks all names up in one table; a class that is no class can only be a mistake (differences.md)."""
    for old, new in (("VerificationSOPClass", "LocalEndianExplicit"), ("LittleEndianImplicit", "CTImageStorage")):
        with pytest.raises(ConfigError, match="is not the name of a"):
            parse_profiles(changed([(old, new)]), "f.cfg")
