"""What storescp 3.6.7 makes of single oddities, one row of storescp facts 6 after the other.

The differential test holds the expected bytes against the installed storescp.
"""

from dataclasses import dataclass, field

from storescpd.dataset import Encoding, GroupLength, OutputSyntax, SequenceLength
from tests.dataset.build import (
    BIG,
    IMPLICIT,
    JPEG,
    LITTLE,
    SQ,
    big,
    element,
    group_length,
    item,
    open_item,
    open_sequence,
    plain,
    sequence,
)
from tests.dataset.oddities import ITEM, ITEM_END, SEQUENCE_END, UNDEFINED


class Abort:
    """Expected: the association is aborted."""


class Refusal:
    """Expected: A700."""


@dataclass(frozen=True, slots=True)
class Case:
    """A data set and what becomes of it."""

    name: str
    given: bytes
    expected: bytes | type[Abort] | type[Refusal]
    syntax: str = LITTLE
    encoding: Encoding = field(default_factory=Encoding)


ID = element(0x00100020, "LO", b"ab")
DATE = element(0x00100030, "DA", b"20200101")
SEX = element(0x00100040, "CS", b"M ")
STUDY = element(0x00200010, "SH", b"Z ")
BYTES = element(0x0014A010, "OB", b"abcd")
PLAIN_ID = plain(0x00100020, b"ab")
PLAIN_DATE = plain(0x00100030, b"20200101")
PADDING = element(0xFFFCFFFC, "OB", bytes(4))
PIXELS = 0x7FE00010
PRIVATE = 0x00111010

TO_LITTLE = Encoding(transfer_syntax=OutputSyntax.EXPLICIT_LITTLE)
TO_BIG = Encoding(transfer_syntax=OutputSyntax.EXPLICIT_BIG)
TO_IMPLICIT = Encoding(transfer_syntax=OutputSyntax.IMPLICIT)
OLD_VR = Encoding(new_vr=False)
CREATE = Encoding(group_length=GroupLength.CREATE)
REMOVE = Encoding(group_length=GroupLength.REMOVE)
UNDEFINED_LENGTHS = Encoding(sequence_length=SequenceLength.UNDEFINED)
CONVERT = Encoding(convert_un=True)


def unchanged(name: str, given: bytes, syntax: str = LITTLE, encoding: Encoding = Encoding()) -> Case:  # noqa: B008
    """What is written as it was sent."""
    return Case(name, given, given, syntax, encoding)


LENGTHS = [
    Case("open sequence and item", open_sequence(SQ, open_item(ID)) + STUDY, sequence(SQ, item(ID)) + STUDY),
    Case("open sequence without items", open_sequence(SQ) + STUDY, sequence(SQ) + STUDY),
    Case("empty open item", open_sequence(SQ, open_item(), item()), sequence(SQ, item(), item())),
    Case("open item in a closed sequence", sequence(SQ, open_item(ID)) + STUDY, sequence(SQ, item(ID)) + STUDY),
    unchanged("closed sequence and item", sequence(SQ, item(ID)) + STUDY),
    Case(
        "sequence delimiter in a closed sequence", sequence(SQ, item(ID), plain(SEQUENCE_END)), sequence(SQ, item(ID))
    ),
    Case("item delimiter in a closed item", sequence(SQ, item(ID, plain(ITEM_END))), sequence(SQ, item(ID))),
    Case(
        "length in a delimiter",
        element(SQ, "SQ", plain(ITEM, ID, UNDEFINED) + plain(ITEM_END, b"", 4) + plain(SEQUENCE_END), UNDEFINED),
        sequence(SQ, item(ID)),
    ),
    *(
        Case(
            f"item that ends {beyond} bytes within the next header",
            element(SQ, "SQ", plain(ITEM, ID, len(ID) + beyond), len(ID) + 8 + beyond) + BYTES + STUDY,
            sequence(SQ, item(ID + BYTES)) + STUDY,
        )
        for beyond in range(1, 12)
    ),
    Case("item longer than its sequence", sequence(SQ, plain(ITEM, ID, 20)) + STUDY, sequence(SQ, item(ID + STUDY))),
    Case(
        "lengths undefined",
        sequence(SQ, item(ID), item()) + STUDY,
        open_sequence(SQ, open_item(ID), open_item()) + STUDY,
        encoding=UNDEFINED_LENGTHS,
    ),
    Case("lengths undefined, empty", sequence(SQ) + STUDY, open_sequence(SQ) + STUDY, encoding=UNDEFINED_LENGTHS),
]

GROUP_LENGTHS = [
    Case("group length wrong", group_length(0x10, 1) + ID + DATE, group_length(0x10, 26) + ID + DATE),
    Case("group length as US", element(0x00100000, "US", b"\1\0") + ID, group_length(0x10, 10) + ID),
    Case("group length as UN", element(0x00100000, "UN", b"abcdef") + ID, group_length(0x10, 10) + ID),
    Case("group length as a sequence", sequence(0x00100000, item(DATE)) + ID, group_length(0x10, 10) + ID),
    Case("group length without its group", group_length(0x10, 1) + STUDY, group_length(0x10, 0) + STUDY),
    Case("group length behind its group", ID + group_length(0x10, 1) + STUDY, group_length(0x10, 10) + ID + STUDY),
    Case("group length twice", group_length(0x10, 1) * 2 + ID, group_length(0x10, 10) + ID),
    Case(
        "element behind its group",
        group_length(0x10, 1) + ID + STUDY + DATE,
        group_length(0x10, 26) + ID + DATE + STUDY,
    ),
    Case(
        "group length in an item",
        sequence(SQ, item(group_length(0x10, 1), ID)),
        sequence(SQ, item(group_length(0x10, 10), ID)),
    ),
    Case(
        "group length of group 2",
        group_length(2, 1) + element(0x00020010, "LO", b"ab"),
        group_length(2, 10) + element(0x00020010, "LO", b"ab"),
    ),
    Case(
        "group lengths removed",
        group_length(0x10, 1) + ID + sequence(0x00200011, item(group_length(0x10, 1), ID)),
        ID + sequence(0x00200011, item(ID)),
        encoding=REMOVE,
    ),
    Case(
        "group lengths created",
        sequence(SQ, item(ID, STUDY), item()) + STUDY,
        group_length(8, 72)
        + sequence(SQ, item(group_length(0x10, 10), ID, group_length(0x20, 10), STUDY), item())
        + group_length(0x20, 10)
        + STUDY,
        encoding=CREATE,
    ),
    Case(
        "group lengths created out of order",
        STUDY + ID + DATE,
        group_length(0x10, 26) + ID + DATE + group_length(0x20, 10) + STUDY,
        encoding=CREATE,
    ),
]

VALUES = [
    Case("name with spaces behind", element(0x00100010, "PN", b"Doe^John  "), element(0x00100010, "PN", b"Doe^John")),
    Case("date with spaces behind", element(0x00080020, "DA", b"20200101  "), element(0x00080020, "DA", b"20200101")),
    Case("spaces within and before", element(0x00181100, "DS", b" 1.0 \\2 "), element(0x00181100, "DS", b" 1.0 \\2 ")),
    Case(
        "last of several values padded",
        element(0x00181100, "DS", b"1.0 \\2.0  "),
        element(0x00181100, "DS", b"1.0 \\2.0"),
    ),
    Case("nothing but spaces", element(0x00100020, "LO", b"    "), element(0x00100020, "LO", b"")),
    Case("long text", element(0x0040A160, "UT", b"ab    "), element(0x0040A160, "UT", b"ab")),
    unchanged("text that ends in NUL", element(0x00100020, "LO", b"abc\0")),
    unchanged("spaces before NUL", element(0x00100020, "LO", b"a  \0")),
    Case("spaces behind NUL", element(0x00100020, "LO", b"a\0  "), element(0x00100020, "LO", b"a\0")),
    Case("odd text", element(0x00100020, "LO", b"abc") + STUDY, element(0x00100020, "LO", b"abc\0") + STUDY),
    Case(
        "odd text with spaces", element(0x00100020, "LO", b"a  ") + STUDY, element(0x00100020, "LO", b"a  \0") + STUDY
    ),
    Case("UID with spaces", element(0x00081155, "UI", b"1. 2\t.3  "), element(0x00081155, "UI", b"1.2.3\0")),
    Case("UIDs with spaces", element(0x00081155, "UI", b"1.2 \\1.3 "), element(0x00081155, "UI", b"1.2\\1.3\0")),
    Case("UID with NULs", element(0x00081155, "UI", b"1.2\0\0\0"), element(0x00081155, "UI", b"1.2\0")),
    Case("UID with NUL within", element(0x00081155, "UI", b"1.2 \0x"), element(0x00081155, "UI", b"1.2\0x\0")),
    Case("odd OB", element(0x00420011, "OB", b"abc"), element(0x00420011, "OB", b"abc\0")),
    Case("odd UN", element(PRIVATE, "UN", b"abc"), element(PRIVATE, "UN", b"abc\0")),
    unchanged("odd OW", element(PIXELS, "OW", b"abc")),
    Case("odd US", element(0x00280010, "US", b"abc"), element(0x00280010, "US", b"abc\0")),
    unchanged("half a number", element(0x00189087, "FD", b"abcdefghijkl")),
    unchanged("private and unknown", element(0x00110010, "LO", b"ACME") + element(PRIVATE, "UN", b"ab  ")),
    unchanged(
        "groups that have no place here", element(0x00000002, "UI", b"1.2\0") + element(0x00020010, "UI", b"1.2\0")
    ),
]

ORDER = [
    Case("out of order", DATE + ID + SEX, ID + DATE + SEX),
    Case("duplicate", ID + element(0x00100020, "LO", b"cd") + SEX, ID + SEX),
    Case("duplicate later", ID + SEX + element(0x00100020, "LO", b"cd") + STUDY, ID + SEX + STUDY),
    Case("duplicate sequence", sequence(SQ, item(DATE)) + open_sequence(SQ, open_item(ID)), sequence(SQ, item(DATE))),
    Case("out of order in an item", sequence(SQ, item(DATE, ID, ID)), sequence(SQ, item(ID, DATE))),
    Case("trailing padding", ID + PADDING, ID),
    Case("trailing padding in items", sequence(SQ, item(ID, PADDING), item(PADDING)), sequence(SQ, item(ID), item())),
    Case("padding in the midst", ID + PADDING + STUDY, ID + STUDY),
]

STRANGE = [
    Case("unknown VR in capitals", element(PRIVATE, "XX", b"abcd"), element(PRIVATE, "UN", b"abcd")),
    Case("unknown VR else", element(PRIVATE, "??", b"abcd"), element(PRIVATE, "UN", b"abcd")),
    Case("blank VR", element(PRIVATE, "\0\0", b"abcd"), element(PRIVATE, "UN", b"abcd")),
    Case("internal VR ox", element(PRIVATE, "ox", b"abcd"), element(PRIVATE, "OB", b"abcd")),
    Case("internal VR xs", element(PRIVATE, "xs", b"abcd"), element(PRIVATE, "US", b"abcd")),
    Case("internal VR up", element(PRIVATE, "up", b"abcd"), element(PRIVATE, "UL", b"abcd")),
    Case(
        "reserved bytes set",
        element(PRIVATE, "OB", b"abcd").replace(b"OB\0\0", b"OB\1\2"),
        element(PRIVATE, "OB", b"abcd"),
    ),
    Case("UN of undefined length", open_sequence(PRIVATE, item(PLAIN_ID), vr="UN"), sequence(PRIVATE, item(ID))),
    Case(
        "known tag as UN of undefined length",
        open_sequence(0x00100020, item(PLAIN_DATE), vr="UN"),
        sequence(0x00100020, item(DATE)),
    ),
    Case(
        "sequences within UN",
        open_sequence(PRIVATE, item(PLAIN_ID, plain(0x00101002, item(PLAIN_DATE))), vr="UN"),
        sequence(PRIVATE, item(ID, sequence(0x00101002, item(DATE)))),
    ),
    unchanged("UN of defined length", element(PRIVATE, "UN", item(PLAIN_ID))),
    Case("zeros", bytes(8) + STUDY, group_length(0, 0) + STUDY),
    Case("bytes behind the last element", STUDY + b"\x30\0\1\0LO", STUDY),
    Case("explicit in UN", open_sequence(PRIVATE, item(ID), vr="UN"), Abort),
    Case("OB of undefined length", open_sequence(PRIVATE, item(b"abcd"), vr="OB"), Abort),
    Case("sequence delimiter outside", ID + plain(SEQUENCE_END) + STUDY, Abort),
    Case("item outside", ID + item() + STUDY, Abort),
    Case("no item in a sequence", sequence(SQ, PLAIN_ID) + STUDY, Abort),
    Case("bytes behind an item", sequence(SQ, item(ID) + b"\0\0") + STUDY, Abort),
    Case("element longer than its item", sequence(SQ, item(element(0x00100020, "LO", b"ab", 8))) + STUDY, Abort),
    Case(
        "item delimiter missing",
        element(SQ, "SQ", plain(ITEM, ID, UNDEFINED) + plain(SEQUENCE_END), UNDEFINED) + STUDY,
        Abort,
    ),
    Case("sequence delimiter missing", element(SQ, "SQ", item(ID), UNDEFINED), Abort),
    Case("value cut", ID + element(0x00300001, "LO", b"ab", 8), Abort),
    Case("pixel data cut", ID + element(PIXELS, "OW", b"abcd", 8), Abort),
]

BEHIND = element(0xFFFA0010, "OB", b"ab")
FRAGMENTS = open_sequence(PIXELS, item(), item(b"abcd"), vr="OB")
PIXEL_DATA = [
    unchanged("fragments", ID + FRAGMENTS, JPEG),
    unchanged("fragments in an item", sequence(0x00880200, item(FRAGMENTS)) + FRAGMENTS, JPEG),
    unchanged("native pixels in an item", sequence(0x00880200, item(element(PIXELS, "OW", b"abcd"))) + FRAGMENTS, JPEG),
    unchanged("no fragment", open_sequence(PIXELS, vr="OB"), JPEG),
    unchanged("fragments with lengths undefined", ID + FRAGMENTS, JPEG, UNDEFINED_LENGTHS),
    Case("fragments as OW", open_sequence(PIXELS, item(), item(b"abcd"), vr="OW"), FRAGMENTS, JPEG),
    Case(
        "odd fragment",
        open_sequence(PIXELS, item(), item(b"abc"), vr="OB") + element(0xFFFA0010, "OB", b"a"),
        open_sequence(PIXELS, item(), item(b"abc\0"), vr="OB") + element(0xFFFA0010, "OB", b"a\0"),
        JPEG,
    ),
    Case("native pixels in a compressed syntax", ID + element(PIXELS, "OW", b"abcd"), Abort, JPEG),
    Case("fragments in an uncompressed syntax", ID + FRAGMENTS, Refusal),
    Case("fragments to an uncompressed syntax", ID + FRAGMENTS, Refusal, JPEG, TO_LITTLE),
    unchanged("no pixels to an uncompressed syntax", ID, JPEG, TO_LITTLE),
    Case("wrong tag among fragments", element(PIXELS, "OB", item() + ID, UNDEFINED), Abort, JPEG),
    Case(
        "fragment of undefined length",
        element(PIXELS, "OB", plain(ITEM, b"", UNDEFINED) + plain(SEQUENCE_END), UNDEFINED),
        Abort,
        JPEG,
    ),
]

NO_FRAGMENT = open_sequence(PIXELS, vr="OB")
NATIVE = element(PIXELS, "OW", b"abcd")
REPAIRED = [
    Case("OX for pixel data", ID + element(PIXELS, "OX", b"abcd"), ID + NATIVE),
    Case("OX for no pixel data", element(PIXELS, "OX"), element(PIXELS, "OW")),
    Case("OX for pixel data in an item", sequence(SQ, item(element(PIXELS, "OX", b"ab"))) + ID,
         sequence(SQ, item(element(PIXELS, "OW", b"ab"))) + ID),
    Case("OX in big endian", big(PIXELS, "OX", b"abcd"), NATIVE.replace(b"abcd", b"badc"), BIG, TO_LITTLE),
    Case("OX with old VRs", element(PIXELS, "OX", b"abcd"), NATIVE, encoding=OLD_VR),
    Case("OX for something else", element(0x00281201, "OX", b"abcd"), element(0x00281201, "UN", b"abcd")),
    Case("OX for fragments", FRAGMENTS.replace(b"OB", b"OX"), FRAGMENTS, JPEG),
    Case("OX for no fragment", NO_FRAGMENT.replace(b"OB", b"OX"), NO_FRAGMENT, JPEG),
    Case("OX for fragments in an item", sequence(SQ, item(FRAGMENTS.replace(b"OB", b"OX"))),
         sequence(SQ, item(FRAGMENTS)), JPEG),
    Case("OX for fragments in an uncompressed syntax", FRAGMENTS.replace(b"OB", b"OX"), Refusal),
    Case("OX for native pixels in a compressed syntax", element(PIXELS, "OX", b"abcd"), Abort, JPEG),
    Case("px for fragments", FRAGMENTS.replace(b"OB", b"px"), FRAGMENTS, JPEG),
    Case("px in an uncompressed syntax", open_sequence(0x00420011, item(b"abcd"), vr="px"), Refusal),
    Case("px for a group length", open_sequence(0x00100000, item(b"abcd"), vr="px") + ID, group_length(0x10, 10) + ID),
    Case("px for padding", ID + open_sequence(0xFFFCFFFC, item(b"abcd"), vr="px"), ID, JPEG),
    Case("lt for fragments", FRAGMENTS.replace(b"OB", b"lt"), Abort, JPEG),
    Case("a sequence for pixel data in a compressed syntax", sequence(PIXELS, item(ID)), Abort, JPEG),
    Case("an empty sequence for pixel data in a compressed syntax", sequence(PIXELS), Abort, JPEG),
]  # fmt: skip
NOT_KEPT = [
    Case("fragments behind native pixels", NATIVE + FRAGMENTS, NATIVE),
    Case("no fragment behind native pixels", NATIVE + NO_FRAGMENT + BEHIND, NATIVE + BEHIND),
    Case("fragments behind native pixels, converted", NATIVE + FRAGMENTS, plain(PIXELS, b"abcd"), encoding=TO_IMPLICIT),
    Case("native pixels behind fragments", FRAGMENTS + NATIVE, FRAGMENTS, JPEG),
    Case("native pixels for an encapsulated syntax behind no fragment", NO_FRAGMENT + NATIVE, NO_FRAGMENT, JPEG),
    Case("fragments before native pixels", FRAGMENTS + NATIVE, Refusal),
    Case("fragments in a sequence that came before", sequence(SQ, item(ID)) + sequence(SQ, item(FRAGMENTS, ID, STUDY)),
         sequence(SQ, item(ID))),
    Case("the same in another byte order",
         big(SQ, "SQ", plain(ITEM, big(0x00100020, "LO", b"ab"), order=">"))
         + big(SQ, "SQ", plain(ITEM, big(PIXELS, "OB", plain(ITEM, b"abcd", order=">")
                                         + plain(SEQUENCE_END, order=">"), UNDEFINED)
                                     + big(0x00200010, "SH", b"Z ") + big(0x00100020, "LO", b"ab"), order=">")),
         sequence(SQ, item(ID)), BIG, TO_LITTLE),
    Case("fragments in a group length", sequence(0x00100000, item(FRAGMENTS)) + ID, group_length(0x10, 10) + ID),
    Case("fragments in padding", ID + sequence(0xFFFCFFFC, item(FRAGMENTS)), ID),
    Case("fragments within UN", open_sequence(PRIVATE, item(
        plain(PIXELS, item(b"abcd") + plain(SEQUENCE_END), UNDEFINED)), vr="UN"), Refusal, JPEG),
]  # fmt: skip

CONVERSIONS = [
    Case(
        "little to big",
        element(0x00280010, "US", b"abcd") + element(0x00189087, "FD", b"abcdefgh") + element(PIXELS, "OW", b"abcd"),
        big(0x00189087, "FD", b"hgfedcba") + big(0x00280010, "US", b"badc") + big(PIXELS, "OW", b"badc"),
        encoding=TO_BIG,
    ),
    Case(
        "big to little",
        big(0x00280009, "AT", b"abcd") + big(0x00660016, "OF", b"abcd"),
        element(0x00280009, "AT", b"badc") + element(0x00660016, "OF", b"dcba"),
        BIG,
        TO_LITTLE,
    ),
    unchanged("big stays big", big(0x00280009, "AT", b"abcd") + big(PIXELS, "OW", b"abcd"), BIG),
    Case(
        "half a number to big",
        element(0x00189087, "FD", b"abcdefghijkl"),
        big(0x00189087, "FD", b"hgfedcbaijkl"),
        encoding=TO_BIG,
    ),
    Case(
        "explicit to implicit",
        ID + open_sequence(0x00101002, open_item(DATE)),
        PLAIN_ID + plain(0x00101002, item(PLAIN_DATE)),
        encoding=TO_IMPLICIT,
    ),
    Case(
        "implicit to explicit",
        PLAIN_ID + plain(0x00101002, item(PLAIN_DATE)),
        ID + sequence(0x00101002, item(DATE)),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "pixels and overlays",
        plain(0x60003000, b"ab") + plain(PIXELS, b"abcd"),
        element(0x60003000, "OW", b"ab") + element(PIXELS, "OW", b"abcd"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "signed pixels",
        plain(0x00280103, b"\1\0") + plain(0x00280106, b"ab") + plain(0x00281101, b"abcdef"),
        element(0x00280103, "US", b"\1\0") + element(0x00280106, "SS", b"ab") + element(0x00281101, "US", b"abcdef"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "unsigned pixels",
        plain(0x00280103, b"\0\0") + plain(0x00280106, b"ab"),
        element(0x00280103, "US", b"\0\0") + element(0x00280106, "US", b"ab"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "signed pixels elsewhere",
        plain(0x00280103, b"\1\0") + plain(0x00283000, item(plain(0x00283002, b"abcdef"))),
        element(0x00280103, "US", b"\1\0") + sequence(0x00283000, item(element(0x00283002, "US", b"abcdef"))),
        IMPLICIT,
        TO_LITTLE,
    ),
    *(
        Case(
            f"waveform of {int.from_bytes(bits, 'little')} bits",
            plain(0x54000100, item(plain(0x54001004, bits), plain(0x5400100A, b"ab"), plain(0x54001010, b"abcd"))),
            sequence(
                0x54000100,
                item(
                    element(0x54001004, "US", bits),
                    element(0x5400100A, vr, b"ab"),
                    element(0x54001010, vr, b"abcd"),
                ),
            ),
            IMPLICIT,
            TO_LITTLE,
        )
        for bits, vr in ((b"", "OB"), (b"\0\0", "OW"), (b"\x08\0", "OB"), (b"\x10\0", "OW"))
    ),
    Case(
        "waveform of 16 bits to big endian",
        plain(0x54001004, b"\x10\0") + plain(0x54001010, b"abcd"),
        big(0x54001004, "US", b"\0\x10") + big(0x54001010, "OW", b"badc"),
        IMPLICIT,
        TO_BIG,
    ),
    Case(
        "waveform of 16 bits elsewhere",
        plain(0x54001004, b"\x10\0")
        + plain(0x54009999, item(plain(0x54001010, b"ab")) + plain(SEQUENCE_END), UNDEFINED),
        element(0x54001004, "US", b"\x10\0") + sequence(0x54009999, item(element(0x54001010, "OB", b"ab"))),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "waveform of 16 bits out of order",
        plain(0x54001004, b"\x10\0") + plain(0x54000110, b"ab") + plain(0x54000112, b"ab"),
        element(0x54000110, "OW", b"ab") + element(0x54000112, "OW", b"ab") + element(0x54001004, "US", b"\x10\0"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "waveform within UN",
        open_sequence(PRIVATE, item(plain(0x54001004, b"\x10\0"), plain(0x54001010, b"abcd")), vr="UN"),
        sequence(PRIVATE, item(element(0x54001004, "US", b"\x10\0"), element(0x54001010, "OW", b"abcd"))),
    ),
    Case(
        "lookup table",
        plain(0x00281201, b"abcd") + plain(0x00283006, b"abcd"),
        element(0x00281201, "OW", b"abcd") + element(0x00283006, "OW", b"abcd"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "unknown elements",
        plain(0x00100099, b"abcd") + plain(PRIVATE, b"abcd"),
        element(0x00100099, "UN", b"abcd") + element(PRIVATE, "UN", b"abcd"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "private creator",
        plain(0x00110010, b"ab  ") + plain(0x00110100, b"ab"),
        element(0x00110010, "LO", b"ab") + element(0x00110100, "UN", b"ab"),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "known private element",
        plain(0x00290010, b"SIEMENS CSA HEADER") + plain(0x00291008, b"ab  "),
        element(0x00290010, "LO", b"SIEMENS CSA HEADER") + element(0x00291008, "CS", b"ab"),
        IMPLICIT,
        TO_LITTLE,
    ),
    unchanged("unknown private value", plain(0x00110010, b"ACME") + plain(PRIVATE, b"ab  "), IMPLICIT),
    Case(
        "unknown sequence",
        plain(PRIVATE, item(PLAIN_ID) + plain(SEQUENCE_END), UNDEFINED),
        sequence(PRIVATE, item(ID)),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "known element of undefined length",
        plain(0x00100020, item(PLAIN_ID) + plain(SEQUENCE_END), UNDEFINED),
        Abort,
        IMPLICIT,
    ),
    Case("sequence that is none", plain(0x00082112, b"ab  ") + PLAIN_ID, Abort, IMPLICIT),
    Case(
        "long value of a short VR",
        plain(0x00104000, b"x" * 65535 + b" "),
        element(0x00104000, "UN", b"x" * 65535 + b" "),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "longest value of a short VR",
        plain(0x00104000, b"x" * 65534 + b"  "),
        element(0x00104000, "LT", b"x" * 65534),
        IMPLICIT,
        TO_LITTLE,
    ),
    Case(
        "new VRs",
        element(0x0040A160, "UT", b"ab") + element(0x00660016, "OF", b"abcd"),
        element(0x0040A160, "OB", b"ab") + element(0x00660016, "OB", b"abcd"),
        encoding=OLD_VR,
    ),
    Case(
        "UN converted",
        element(0x00280010, "UN", b"ab") + element(0x00400280, "UN", b"a   "),
        element(0x00280010, "US", b"ab") + element(0x00400280, "ST", b"a "),
        encoding=CONVERT,
    ),
    Case(
        "private creator as another text",
        element(0x00290010, "SH", b"SIEMENS CSA HEADER") + element(0x00291008, "UN", b"ab  "),
        element(0x00290010, "SH", b"SIEMENS CSA HEADER") + element(0x00291008, "CS", b"ab"),
        encoding=CONVERT,
    ),
    *(
        unchanged(
            f"private creator as {vr}",
            element(0x00290010, vr, b"SIEMENS CSA HEADER") + element(0x00291008, "UN", b"ab  "),
            encoding=CONVERT,
        )
        for vr in ("OB", "OW")
    ),
    Case("UN converted to a sequence", element(SQ, "UN", item(PLAIN_ID)), sequence(SQ, item(ID)), encoding=CONVERT),
    Case("UN converted in big endian", big(0x00280010, "UN", b"ab"), big(0x00280010, "US", b"ba"), BIG, CONVERT),
]

PADDED = [
    Case(
        "items padded",
        sequence(SQ, item(ID), item()) + PADDING,
        sequence(SQ, item(ID, element(0xFFFCFFFC, "OB", bytes(10))), item()),
        encoding=Encoding(item_padding=16),
    ),
    Case(
        "items padded in undefined lengths",
        sequence(SQ, item(ID)),
        open_sequence(SQ, open_item(ID, element(0xFFFCFFFC, "OB", bytes(10)))),
        encoding=Encoding(item_padding=16, sequence_length=SequenceLength.UNDEFINED),
    ),
    Case(
        "items padded in implicit form",
        sequence(SQ, item(ID)),
        plain(SQ, item(PLAIN_ID, plain(0xFFFCFFFC, bytes(14)))),
        encoding=Encoding(item_padding=16, transfer_syntax=OutputSyntax.IMPLICIT),
    ),
    unchanged("items that need no padding", sequence(SQ, item(ID)), encoding=Encoding(item_padding=2)),
]

CASES = [
    *LENGTHS, *GROUP_LENGTHS, *VALUES, *ORDER, *STRANGE, *PIXEL_DATA, *REPAIRED, *NOT_KEPT, *CONVERSIONS, *PADDED,
]  # fmt: skip
