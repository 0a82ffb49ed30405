"""What the scanner may pass by: an allow-list of tags, and of VRs what has to be looked at in their values."""

from storescpd.dataset.dictionary import Dictionary
from storescpd.dataset.rules import RuleTable, Special, special_of
from storescpd.dataset.scanner import (
    BINARY,
    GROUPS,
    IDENTIFIES,
    LEAF,
    LETTERS,
    LONG_BINARY,
    LONG_TEXT,
    ROW,
    SEQUENCE,
    TEXT,
    UID,
)
from storescpd.dataset.vr import VALUE_REPRESENTATIONS, Kind, resolved

_MOST_ROWS = 0xFF
"""Groups in a table; a row has a number of one byte. pydicom's dictionary has 70."""
_MOST_LEAVES = 1 << 11
"""Half a megabyte of them; pydicom's dictionary makes 300. What has no place ends the scanner's runs, nothing else."""
_UNITS = ROW // LEAF
_CLASSES = {Kind.BINARY: BINARY, Kind.TEXT: TEXT, Kind.UID: UID, Kind.SEQUENCE: SEQUENCE}
_LONG_CLASSES = {Kind.BINARY: LONG_BINARY, Kind.TEXT: LONG_TEXT, Kind.SEQUENCE: SEQUENCE}


def tag_table(dictionary: Dictionary) -> bytes:
    """Public elements that decide nothing about others, with the class of the VR that they have in implicit form."""
    leaves: dict[int, bytearray] = {}
    for tag, name in dictionary.public.items():
        kind = _class_of(tag, name)
        if not kind:
            continue
        leaf = leaves.get(tag >> 8)
        if leaf is None:
            if len(leaves) >= _MOST_LEAVES:
                continue
            leaf = leaves[tag >> 8] = bytearray(LEAF)
        leaf[tag & 0xFF] = kind
    return _laid_out(leaves)


def _class_of(tag: int, name: str) -> int:
    special = special_of(tag)
    if tag >> 16 & 1 or special not in {Special.NONE, Special.IDENTITY}:
        return 0
    kind = _CLASSES[resolved(name, tag).kind]
    return kind | IDENTIFIES if special is Special.IDENTITY else kind


def _laid_out(leaves: dict[int, bytearray]) -> bytes:
    """Groups, rows and leaves one after another, as the scanner finds them."""
    numbers = sorted({prefix >> 8 for prefix in leaves})[:_MOST_ROWS]
    groups = bytearray(GROUPS)
    rows = bytearray(len(numbers) * ROW)
    parts: list[bytes] = []
    first = GROUPS // LEAF + len(numbers) * _UNITS
    for row, group in enumerate(numbers):
        groups[group] = row + 1
        for high in range(LEAF):
            leaf = leaves.get(group << 8 | high)
            if leaf is not None:
                at = row * ROW + high * 2
                rows[at : at + 2] = (first + len(parts)).to_bytes(2, "little")
                parts.append(bytes(leaf))
    return b"".join((groups, rows, *parts))


def vr_table(table: RuleTable) -> bytes:
    """Classes by the two letters, for what ``table`` writes as it is received."""
    classes = bytearray(LETTERS * LETTERS)
    for vr in VALUE_REPRESENTATIONS.values():
        rule = table.of_harmless(vr.code)
        if rule.plain and not rule.implicit and rule.special is Special.NONE:
            first, second = vr.code
            place = (first - ord("A")) * LETTERS + second - ord("A")
            classes[place] = (_LONG_CLASSES if rule.long_in else _CLASSES)[rule.vr.kind]
    return bytes(classes)
