"""Raw association requests, sound, odd and malformed."""

import struct

from tests.association.messages import (
    APPLICATION,
    CT,
    EXPLICIT,
    IMPLICIT,
    INFORMATION,
    JPEG,
    MR,
    RELEASE,
    STANDARD,
    UNKNOWN,
    context,
    echoed,
    header,
    proposing,
    request,
    stored,
)
from tests.conversation.player import ANSWER, Scripts, Step
from tests.support.rawclient import VERIFICATION, item, pdu, user_information

ONE = context(1, CT, IMPLICIT)
LENGTH, CLASS_UID = item(0x51, struct.pack(">I", 16384)), item(0x52, b"1.2.3.4")


def released(first: bytes) -> tuple[Step, ...]:
    """Ask for an association and release it."""
    return first, ANSWER, RELEASE


def informing(*sub_items: bytes) -> tuple[Step, ...]:
    """Ask with this user information."""
    return released(request(APPLICATION, ONE, item(0x50, b"".join(sub_items))))


def large(size: int) -> bytes:
    """A request whose PDU length is `size`, filled up with unknown items."""
    usual = proposing(ONE)
    rest = size - (len(usual) - 6)
    filling = [item(0x60, bytes(60000))] * (rest // 60004)
    return pdu(1, usual[6:] + b"".join(filling) + item(0x60, bytes(rest % 60004 - 4)))


FIRST: Scripts = {
    **{f"first PDU: type {kind}": (pdu(kind, bytes(4)),) for kind in (0, 2, 3, 5, 6, 7, 8, 0xFF)},
    "first PDU: P-DATA": (echoed(),),
    "first PDU: A-RELEASE-RQ of no length": (pdu(5, b""),),
    "first PDU: A-ABORT of no length": (pdu(7, b""),),
    "first PDU: A-RELEASE-RQ of any length": (header(5, 0xFFFFFFFF),),
    "first PDU: A-ASSOCIATE-AC of any length": (header(2, 0xFFFFFFFF),),
    "first PDU: unknown type of no length": (pdu(0x99, b""),),
    "first PDU: unknown type of any length": (header(0x99, 0xFFFFFFFF),),
    "first PDU: P-DATA of any length": (header(4, 0xFFFFFFFF),),
    "first PDU: HTTP": (b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n",),
    "request: 1 MiB": released(large(1048576)),
    "request: 1 MiB and a byte": (large(1048577),),
    "request: 1 MiB and a byte, header alone": (header(1, 1048577),),
    "request: no length": (pdu(1, b""),),
    "request: shorter than its fixed part": (pdu(1, b"\0\1" + bytes(65)),),
    "request: fixed part alone": (pdu(1, proposing()[6:74]),),
}

VERSIONS: Scripts = {
    **{f"version {number}": released(proposing(ONE, version=number)) for number in (0, 1, 2, 3, 0x0101, 0xFFFE)},
    "version 2 without contexts": (proposing(version=2),),
    "version 2 with a broken item": (request(b"\x10\0\0", version=2),),
}

ITEMS: Scripts = {
    "items: plain": released(STANDARD),
    "items: in any order": released(request(INFORMATION, ONE, APPLICATION)),
    "items: no user information": released(request(APPLICATION, ONE)),
    "items: empty user information": released(request(APPLICATION, ONE, item(0x50, b""))),
    "items: user information twice": released(request(APPLICATION, ONE, user_information(100), INFORMATION)),
    "items: no application context": (request(ONE, INFORMATION),),
    "items: another application context": (request(item(0x10, b"1.2.3"), ONE, INFORMATION),),
    "items: application context padded with NUL": released(
        request(item(0x10, b"1.2.840.10008.3.1.1.1\0"), ONE, INFORMATION)
    ),
    "items: application context with a blank": (request(item(0x10, b"1.2.840.10008.3.1.1.1 "), ONE, INFORMATION),),
    "items: application contexts, the right one last": released(
        request(item(0x10, b"1.2.3"), APPLICATION, ONE, INFORMATION)
    ),
    "items: application contexts, the wrong one last": (request(APPLICATION, item(0x10, b"1.2.3"), ONE, INFORMATION),),
    "items: unknown 60H": released(request(APPLICATION, item(0x60, b"abc"), ONE, INFORMATION)),
    "items: unknown 00H": released(request(APPLICATION, ONE, INFORMATION, bytes(4))),
    "items: 16000 unknown ones": released(request(APPLICATION, ONE, INFORMATION, item(0x60, b"") * 16000)),
    "items: 17000 unknown ones": released(request(APPLICATION, ONE, INFORMATION, item(0x60, b"") * 17000)),
    "items: header cut": (request(APPLICATION, ONE, INFORMATION, b"\0\0"),),
    "items: overrun": (request(APPLICATION, ONE, INFORMATION[:-1]),),
    "items: no contexts": (request(APPLICATION, INFORMATION),),
    "items: no contexts and another application context": (request(item(0x10, b"1.2.3"), INFORMATION),),
    "items: context of an acceptance": released(
        request(APPLICATION, item(0x21, b"\1\0\0\0" + item(0x40, IMPLICIT.encode())), context(3, CT, IMPLICIT))
    ),
}

CONTEXTS: Scripts = {
    "contexts: nothing accepted": released(proposing(context(1, UNKNOWN, IMPLICIT), context(3, CT, JPEG))),
    "contexts: even ids": released(proposing(context(0, CT, IMPLICIT), context(2, MR, EXPLICIT))),
    "contexts: one id, refused first": released(proposing(context(1, UNKNOWN, IMPLICIT), context(1, CT, EXPLICIT))),
    "contexts: one id, less wanted first": released(proposing(ONE, context(1, CT, EXPLICIT))),
    "contexts: one id, Verification too": released(proposing(context(1, VERIFICATION, EXPLICIT), ONE)),
    "contexts: 200": released(proposing(*(context(number, CT, IMPLICIT) for number in range(200)))),
    "contexts: UIDs padded with NUL": released(proposing(context(1, CT + "\0", IMPLICIT + "\0"))),
    "contexts: abstract syntax with a blank": released(proposing(context(1, CT + " ", IMPLICIT))),
    "contexts: transfer syntax with a blank": released(proposing(context(1, CT, IMPLICIT + " "))),
    "contexts: empty abstract syntax": released(proposing(context(1, "", IMPLICIT))),
    "contexts: abstract syntax of 64": released(proposing(context(1, "1." + "2" * 62, IMPLICIT))),
    "contexts: abstract syntax of 70": (proposing(ONE, context(3, "1." + "2" * 68, IMPLICIT)),),
    "contexts: transfer syntax of 70": (proposing(context(1, CT, IMPLICIT, "1." + "2" * 68)),),
    "contexts: no abstract syntax": released(proposing(item(0x20, b"\1\0\0\0" + item(0x40, IMPLICIT.encode())))),
    "contexts: no transfer syntax": (proposing(context(1, CT)), ANSWER, RELEASE),
    "contexts: 50 transfer syntaxes": released(proposing(context(1, CT, *["1.2.3"] * 49, IMPLICIT))),
    "contexts: 51 transfer syntaxes": released(proposing(context(1, CT, *["1.2.3"] * 50, IMPLICIT))),
    "contexts: 128 transfer syntaxes": released(proposing(context(1, CT, *["1.2.3"] * 127, IMPLICIT))),
    "contexts: 129 transfer syntaxes": (proposing(context(1, CT, *["1.2.3"] * 128, IMPLICIT)),),
    "contexts: two bytes": (proposing(item(0x20, b"\1\0")),),
    "contexts: unknown item inside": released(proposing(item(0x20, b"\1\0\0\0" + item(0x60, b"xx") + ONE[8:]))),
}

TITLES: Scripts = {
    f"titles: {whose} {name}": released(proposing(ONE, **{whose: title}))
    for whose in ("called", "calling")
    for name, title in {
        "padded with NUL": b"STORE".ljust(16, b"\0"),
        "NUL inside": b"STO\0RE",
        "Latin-1": b"R\xf6ntgen",
        "backslash": b"A\\B",
        "leading blanks": b"  STORE",
        "tab": b"\t",
        "line feed": b"A\nB",
        "full": b"SIXTEEN_LETTERS_",
        "blank": b"",
        "NUL": bytes(16),
        "blanks and NUL": b"    ".ljust(16, b"\0"),
    }.items()
}

CTUID = struct.pack(">H", len(CT)) + CT.encode()
IDENTITY = b"\0\4jane"
SUB_ITEMS: Scripts = {
    "sub-items: no implementation class UID": informing(LENGTH),
    "sub-items: empty implementation class UID": informing(LENGTH, item(0x52, b"")),
    "sub-items: implementation class UID of 65": informing(LENGTH, item(0x52, b"1." + b"2" * 63)),
    "sub-items: no maximum length": informing(CLASS_UID),
    "sub-items: maximum length of two bytes": informing(item(0x51, b"\x40\0"), CLASS_UID),
    "sub-items: maximum length of eight bytes": informing(item(0x51, b"\0\0\x40\0" * 2), CLASS_UID),
    "sub-items: version name of 17": informing(LENGTH, CLASS_UID, item(0x55, b"V" * 17)),
    "sub-items: version name of 200": informing(LENGTH, CLASS_UID, item(0x55, b"V" * 200)),
    "sub-items: empty version name": informing(LENGTH, CLASS_UID, item(0x55, b"")),
    "sub-items: window": informing(LENGTH, CLASS_UID, item(0x53, b"\0\5\0\5")),
    "sub-items: window without limit": informing(LENGTH, CLASS_UID, item(0x53, bytes(4))),
    "sub-items: window of two bytes": informing(LENGTH, CLASS_UID, item(0x53, b"\0\5")),
    "sub-items: role": informing(LENGTH, CLASS_UID, item(0x54, CTUID + b"\1\1")),
    "sub-items: role for an unknown class": informing(LENGTH, CLASS_UID, item(0x54, b"\0\3" + b"1.2" + b"\1\1")),
    "sub-items: role for a UID of 70": informing(LENGTH, CLASS_UID, item(0x54, b"\0\x46" + b"1" * 70 + b"\1\1")),
    "sub-items: role with bytes behind it": informing(LENGTH, CLASS_UID, item(0x54, CTUID + b"\1\1\0\0")),
    "sub-items: role cut short": informing(LENGTH, CLASS_UID, item(0x54, CTUID + b"\1")),
    "sub-items: role overrun": informing(LENGTH, CLASS_UID, item(0x54, b"\0\x63" + CT.encode() + b"\1\1")),
    "sub-items: extended negotiation": informing(LENGTH, CLASS_UID, item(0x56, CTUID + b"\2\0\3\0\1\0")),
    "sub-items: extended negotiation cut short": informing(LENGTH, CLASS_UID, item(0x56, b"\0")),
    "sub-items: common extended negotiation": informing(LENGTH, CLASS_UID, item(0x57, CTUID + CTUID + b"\0\0")),
    "sub-items: common extended negotiation of garbage": informing(LENGTH, CLASS_UID, item(0x57, b"\xff\xff")),
    "sub-items: user identity": informing(LENGTH, CLASS_UID, item(0x58, b"\1\1" + IDENTITY + b"\0\0")),
    "sub-items: user identity with passcode": informing(LENGTH, CLASS_UID, item(0x58, b"\2\0" + IDENTITY * 2)),
    "sub-items: user identity of type 9": informing(LENGTH, CLASS_UID, item(0x58, b"\x09\1" + IDENTITY + b"\0\0")),
    "sub-items: user identity with bytes behind it": informing(
        LENGTH, CLASS_UID, item(0x58, b"\1\1" + IDENTITY + b"\0\0zz")
    ),
    "sub-items: user identity cut short": informing(LENGTH, CLASS_UID, item(0x58, b"\1\1" + IDENTITY)),
    "sub-items: user identity of an answer": informing(LENGTH, CLASS_UID, item(0x59, b"\0\2ok")),
    "sub-items: 256 roles": informing(LENGTH, CLASS_UID, *[item(0x54, CTUID + b"\1\1")] * 256),
    "sub-items: 257 roles": informing(LENGTH, CLASS_UID, *[item(0x54, CTUID + b"\1\1")] * 257),
    "sub-items: unknown 5BH": informing(LENGTH, CLASS_UID, item(0x5B, b"abcd")),
    "sub-items: unknown 00H": informing(LENGTH, CLASS_UID, bytes(4)),
    "sub-items: overrun": informing(LENGTH, CLASS_UID, b"\x55\0\0\x09abc"),
    "sub-items: header cut": informing(LENGTH, CLASS_UID, b"\x55\0\0"),
    **{
        f"sub-items: maximum length {size}": (
            request(APPLICATION, ONE, user_information(size)),
            ANSWER,
            stored(),
            *(ANSWER,) * (size > 13),
            RELEASE,
        )
        for size in (0, 1, 13, 131072, 0xFFFFFFFF)
    },
}
