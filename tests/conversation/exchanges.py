"""Raw messages inside an association: commands, fragments, endings, data sets.

Each begins with an acceptance of the contexts 1 CT, 3 Verification (both implicit) and 5 MR (explicit).
"""

import struct

from tests.association.messages import (
    CT,
    DATA_SET,
    ECHO,
    ECHO_ELEMENTS,
    INSTANCE,
    MR,
    RELEASE,
    STANDARD,
    STORE,
    STORE_ELEMENTS,
    UNKNOWN,
    changed,
    data,
    echoed,
    header,
    stored,
)
from tests.conversation.player import ANSWER, Scripts, Step
from tests.support.rawclient import element, pdu, uid, us

ASSOCIATED: tuple[Step, ...] = (STANDARD, ANSWER)


def talk(*said: bytes, answers: int = 1) -> tuple[Step, ...]:
    """Say something in an association, hear the answers, release it."""
    return (*ASSOCIATED, *said, *(ANSWER,) * answers, RELEASE)


def storing(**changes: bytes | None) -> tuple[Step, ...]:
    """A C-STORE whose command has some elements replaced, as in `x1000=b"1.2"`."""
    elements = {int(name[1:], 16): value for name, value in changes.items()}
    return talk(stored(changed(STORE_ELEMENTS, elements)))


def echoing(**changes: bytes | None) -> tuple[Step, ...]:
    """The same for a C-ECHO."""
    elements = {int(name[1:], 16): value for name, value in changes.items()}
    return talk(echoed(changed(ECHO_ELEMENTS, elements)))


COMMANDS: Scripts = {
    "command: C-STORE": talk(stored()),
    "command: C-ECHO": talk(echoed()),
    "command: C-ECHO in a context of images": talk(echoed(number=1)),
    "command: C-STORE in a context of Verification": talk(stored(number=3)),
    "command: C-STORE of another class than the context's": talk(stored(number=5)),
    "command: C-STORE of an unknown class": storing(x0002=uid(UNKNOWN)),
    "command: context that was not accepted": talk(echoed(number=77)),
    **{
        f"command: field {field:04X}": echoing(x0100=us(field))
        for field in (0x0000, 0x0010, 0x0020, 0x0021, 0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150, 0x0FFF)
    },
    "command: field 8001": echoing(x0100=us(0x8001)),
    "command: field 7777": echoing(x0100=us(0x7777)),
    **{f"command: C-STORE without {number:04X}": storing(**{f"x{number:04x}": None}) for number in STORE_ELEMENTS},
    **{f"command: C-ECHO without {number:04X}": echoing(**{f"x{number:04x}": None}) for number in ECHO_ELEMENTS},
    "command: C-STORE without a data set": storing(x0800=us(0x0101)),
    **{
        f"command: C-STORE with data set type {kind:04X}": storing(x0800=us(kind))
        for kind in (0x0000, 0x0001, 0x0102, 0xFEFE, 0xFFFF)
    },
    "command: C-ECHO with a data set": echoing(x0800=us(1)),
    "command: C-ECHO with an empty class": echoing(x0002=b""),
    "command: C-ECHO with another class": echoing(x0002=uid(CT)),
    "command: instance empty": storing(x1000=b""),
    "command: instance blank": storing(x1000=b"  "),
    "command: instance of 64": storing(x1000=b"1." + b"2" * 62),
    "command: instance of 64 and blanks": storing(x1000=b"1." + b"2" * 62 + b"  "),
    "command: instance of 65": storing(x1000=uid("1." + "2" * 63)),
    "command: instance with NUL behind": storing(x1000=INSTANCE.encode() + bytes(71)),
    "command: instance with NUL inside": storing(x1000=b"1.2\x003.4."),
    "command: instance with blanks": storing(x1000=b" 1.2.3 .4.5\0"),
    "command: instance with tab": storing(x1000=b"1.2.\t3.4.6"),
    "command: instance with no-break space": storing(x1000=b"1.2.\xa03.4.6"),
    "command: instance that is no UID": storing(x1000=b"hello/../x"),
    "command: instance of two values": storing(x1000=b"1.2\\1.3\0"),
    "command: class empty": storing(x0002=b""),
    "command: class of 65": storing(x0002=uid("1." + "2" * 63)),
    "command: message id 0": storing(x0110=us(0)),
    "command: message id 65535": storing(x0110=us(65535)),
    "command: message id of two values": storing(x0110=us(7) + us(8)),
    "command: message id of three bytes": storing(x0110=b"\7\7\7", x1030=b"M"),
    "command: message id of one byte": storing(x0110=b"\7", x1030=b"M"),
    "command: message id empty": storing(x0110=b""),
    "command: priority 77": storing(x0700=us(77)),
    "command: priority empty": storing(x0700=b""),
    "command: move originator": storing(x1030=b"MOVER ", x1031=us(3)),
    "command: move originator of 20": storing(x1030=b"M" * 20, x1031=us(3)),
    "command: unknown element": storing(x4321=b"abcd"),
    "command: 100 elements": storing(**{f"x{0x4000 + number:04x}": b"ab" for number in range(100)}),
    "command: no group length": talk(stored(STORE[12:])),
    "command: wrong group length": talk(stored(element(0, b"\4\0\0\0") + STORE[12:])),
    "command: element twice": talk(stored(STORE + element(0x0110, us(8)))),
    "command: descending order": talk(
        stored(b"".join(element(number, STORE_ELEMENTS[number]) for number in sorted(STORE_ELEMENTS, reverse=True)))
    ),
    "command: element of another group": talk(stored(STORE + element(0x0008_0016, uid(CT)))),
    "command: rest too short for an element": talk(stored(STORE + b"\0\0\0\0\0\0")),
    "command: rest as long as a header": talk(stored(STORE + b"1.2.3.4.")),
    "command: rest longer than a header": talk(stored(STORE + b"1.2.3.4.5.")),
    "command: header and no value": talk(stored(STORE + struct.pack("<HHI", 0, 0x1030, 10))),
    "command: element overruns": talk(stored(STORE + struct.pack("<HHI", 0, 0x1030, 10) + b"ab")),
    "command: nested sequence": talk(
        stored(STORE + struct.pack("<HHI", 0, 0x4321, 0xFFFFFFFF) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    ),
    "command: explicit VR": talk(stored(b"\0\0\2\0UI\x1a\0" + uid(CT) + b"\0\0\0\1US\2\0\1\0")),
    "command: 80 kB": talk(
        *(
            data((1, 1, changed(STORE_ELEMENTS, {0x4000: bytes(80000)})[at : at + 16000]))
            for at in range(0, 80000, 16000)
        ),
        data((1, 3, changed(STORE_ELEMENTS, {0x4000: bytes(80000)})[80000:])) + data((1, 2, DATA_SET)),
    ),
}

FRAGMENTS: Scripts = {
    "fragments: command and data in one PDU": talk(data((1, 3, STORE), (1, 2, DATA_SET))),
    "fragments: command in many PDVs": talk(
        *(data((1, 1, STORE[at : at + 2])) for at in range(0, len(STORE) - 2, 2)),
        data((1, 3, STORE[-2:])) + data((1, 2, DATA_SET)),
    ),
    "fragments: command with an empty first": talk(data((1, 1, b"")) + stored()),
    "fragments: command with an empty last": talk(data((1, 1, STORE)) + data((1, 3, b"")) + data((1, 2, DATA_SET))),
    "fragments: command of nothing": talk(data((1, 3, b""))),
    "fragments: data in many PDVs": talk(
        data((1, 3, STORE)),
        data(*((1, 0, DATA_SET[at : at + 2]) for at in range(0, len(DATA_SET) - 2, 2)), (1, 2, DATA_SET[-2:])),
    ),
    "fragments: empty last": talk(data((1, 3, STORE)) + data((1, 0, DATA_SET)) + data((1, 2, b""))),
    "fragments: empty in between": talk(data((1, 3, STORE)) + data((1, 0, b"")) + data((1, 2, DATA_SET))),
    "fragments: nothing": talk(data((1, 3, STORE)) + data((1, 2, b""))),
    "fragments: two objects in one segment": talk(stored() + stored(), answers=2),
    "fragments: two echoes in one PDU": talk(data((1, 3, ECHO), (3, 3, ECHO)), answers=2),
    "fragments: request and more in one segment": (STANDARD + echoed() + RELEASE,),
    "fragments: reserved bits": talk(data((1, 0xF3, STORE), (1, 0xF2, DATA_SET))),
    "fragments: largest PDU": talk(
        data((1, 3, STORE)) + data((1, 0, DATA_SET + bytes(16378 - len(DATA_SET)))) + data((1, 2, b""))
    ),
    "fragments: PDU too long": talk(data((1, 3, STORE)) + data((1, 2, bytes(16380)))),
    "fragments: PDU too long, header alone": (*ASSOCIATED, header(4, 16386)),
    "fragments: PDU without PDV": talk(pdu(4, b"")),
    "fragments: PDV of length 0": talk(pdu(4, bytes(4))),
    "fragments: PDV of length 1": talk(pdu(4, b"\0\0\0\1\1")),
    "fragments: PDV header cut": talk(pdu(4, b"\0\0\0")),
    "fragments: PDV overruns": talk(pdu(4, b"\0\0\0\x63\1\3ab")),
    "fragments: bytes behind a PDV": talk(pdu(4, data((3, 3, ECHO))[6:] + b"\0\0")),
    "fragments: odd in a command": talk(data((1, 1, STORE[:21])) + data((1, 3, STORE[21:])) + data((1, 2, DATA_SET))),
    "fragments: odd in a data set": talk(data((1, 3, STORE)) + data((1, 0, DATA_SET[:9])) + data((1, 2, DATA_SET[9:]))),
    "fragments: odd last": talk(data((1, 3, STORE)) + data((1, 2, DATA_SET + b"x"))),
    "fragments: data without a command": talk(data((1, 2, DATA_SET))),
    "fragments: data inside a command": talk(data((1, 1, STORE[:20])) + data((1, 2, DATA_SET))),
    "fragments: command inside data": talk(data((1, 3, STORE)) + data((1, 0, DATA_SET)) + data((1, 3, STORE))),
    "fragments: data in another context": talk(data((1, 3, STORE)) + data((5, 2, DATA_SET))),
    "fragments: data in two contexts": talk(
        data((1, 3, STORE)) + data((1, 0, DATA_SET[:20])) + data((5, 2, DATA_SET[20:]))
    ),
    "fragments: data in no context": talk(data((1, 3, STORE)) + data((77, 2, DATA_SET))),
    "fragments: command in two contexts": talk(data((1, 1, STORE[:20])) + data((5, 3, STORE[20:]))),
}

BEGUN = data((1, 3, STORE)) + data((1, 0, DATA_SET))
ENDINGS: Scripts = {
    f"{place}: {name}": (*ASSOCIATED, *before, raw)
    for place, before in {
        "associated": (),
        "inside a data set": (BEGUN,),
        "after an object": (stored(), ANSWER),
    }.items()
    for name, raw in {
        "A-RELEASE-RQ": RELEASE,
        "A-RELEASE-RQ of no length": pdu(5, b""),
        "A-RELEASE-RQ of ten bytes": pdu(5, bytes(10)),
        "A-RELEASE-RQ of 5000 bytes": pdu(5, bytes(5000)),
        "A-ABORT": pdu(7, bytes(4)),
        "A-ABORT of no length": pdu(7, b""),
        "A-ABORT by the provider": pdu(7, b"\0\0\2\6"),
        "A-ASSOCIATE-RQ": STANDARD,
        "A-ASSOCIATE-RQ of any length": header(1, 0xFFFFFFFF),
        "A-ASSOCIATE-AC": pdu(2, bytes(68)),
        "A-ASSOCIATE-RJ": pdu(3, bytes(4)),
        "A-RELEASE-RP": pdu(6, bytes(4)),
        "unknown PDU": pdu(0x99, bytes(4)),
        "unknown PDU of no length": pdu(8, b""),
        "unknown PDU of type 0": pdu(0, bytes(4)),
    }.items()
} | {"inside a command: A-RELEASE-RQ": (*ASSOCIATED, data((1, 1, STORE[:20])), RELEASE)}


def holding(data_set: bytes) -> tuple[Step, ...]:
    """A C-STORE of this data set."""
    return talk(stored(data_set=data_set))


CLASS, NUMBER, STUDY = (DATA_SET[:34], DATA_SET[34:52], DATA_SET[52:])
"""SOP class, SOP instance and study of the data set, as elements."""

DATA_SETS: Scripts = {
    "data set: as announced": holding(DATA_SET),
    "data set: nothing": holding(b""),
    "data set: another class": holding(element(0x0008_0016, uid(MR)) + NUMBER + STUDY),
    "data set: another instance": holding(CLASS + element(0x0008_0018, uid("1.2.3.4.6")) + STUDY),
    "data set: no class": holding(NUMBER + STUDY),
    "data set: no instance": holding(CLASS + STUDY),
    "data set: no study": holding(CLASS + NUMBER),
    "data set: instance with blanks": holding(CLASS + element(0x0008_0018, b" 1.2.3.4.5") + STUDY),
    "data set: cut inside a value": holding(DATA_SET[:-2]),
    "data set: cut inside a value before an empty last fragment": talk(
        data((1, 3, STORE)) + data((1, 0, DATA_SET[:-2])) + data((1, 2, b""))
    ),
    "data set: element overruns": holding(DATA_SET + struct.pack("<HHI", 0x10, 0x10, 100) + b"ab"),
    "data set: text": holding(b"This is no data set at all. " * 4),
    "data set: and another after an unreadable one": (
        *ASSOCIATED,
        stored(data_set=DATA_SET[:-2]),
        ANSWER,
        stored(),
        ANSWER,
        RELEASE,
    ),
    "data set: text, and echo": (
        *ASSOCIATED,
        stored(data_set=b"This is no data set at all. " * 4),
        ANSWER,
        echoed(),
        ANSWER,
        RELEASE,
    ),
    "data set: unreadable in the first of three fragments": (
        *ASSOCIATED,
        data((1, 3, STORE))
        + data((1, 0, b"Text, and more follows. "))
        + data((1, 0, DATA_SET))
        + data((1, 2, DATA_SET)),
        ANSWER,
        stored(),
        ANSWER,
        RELEASE,
    ),
    "data set: unreadable, then a fault of framing": (
        *ASSOCIATED,
        data((1, 3, STORE)) + data((1, 0, b"Text, and more follows. ")) + data((5, 2, DATA_SET)),
        ANSWER,
        RELEASE,
    ),
}
