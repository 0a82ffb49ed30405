"""Who an object is, as far as its data set says so."""

import pytest

from storescpd.dataset import Dictionary, Encoding
from storescpd.dataset.identity import clean_uid
from tests.dataset.applied import reencoded
from tests.dataset.build import BIG, IMPLICIT, LITTLE, SQ, big, element, item, plain, sequence


@pytest.mark.parametrize(
    ("syntax", "write"), [(LITTLE, element), (BIG, big), (IMPLICIT, lambda tag, _, value: plain(tag, value))]
)
def test_every_form(syntax: str, write, dictionary: Dictionary):
    data = b"".join(
        (
            write(0x00080005, "CS", b"ISO_IR 100"),
            write(0x00080016, "UI", b"1.2.840\0"),
            write(0x00080018, "UI", b"1. 2.3 "),
            write(0x00100010, "PN", b"Doe^John  "),
            write(0x0020000D, "UI", b"1.2.3.4\0"),
        )
    )
    for size in (len(data), 1):
        identity = reencoded(data, syntax, Encoding(), dictionary, (size,))[1].identity
        assert identity.sop_class_uid == "1.2.840"
        assert identity.sop_instance_uid == "1.2.3"
        assert identity.study_instance_uid == "1.2.3.4"
        assert identity.patient_name == b"Doe^John"
        assert identity.specific_character_set == b"ISO_IR 100"


def test_nested_elements_name_others(dictionary: Dictionary):
    data = sequence(SQ, item(element(0x00080018, "UI", b"1.2\0"))) + element(0x0020000D, "UI", b"")
    identity = reencoded(data, LITTLE, Encoding(), dictionary)[1].identity
    assert identity.sop_instance_uid is None
    assert identity.study_instance_uid == ""


@pytest.mark.parametrize("vr", ["LO", "UT", "PN"])
def test_a_uid_sent_as_another_text_is_one(vr: str, dictionary: Dictionary):
    identity = reencoded(element(0x00080018, vr, b" 1.2.3.4"), LITTLE, Encoding(), dictionary)[1].identity
    assert identity.sop_instance_uid == "1.2.3.4"


def test_the_first_of_several_counts(dictionary: Dictionary):
    data = element(0x00080018, "UI", b"1.2\0") + element(0x00080018, "UI", b"1.3\0")
    assert reencoded(data, LITTLE, Encoding(), dictionary)[1].identity.sop_instance_uid == "1.2"


def test_what_is_no_text_is_not_there(dictionary: Dictionary):
    data = element(0x00080018, "UN", b"1.2\0")
    assert reencoded(data, LITTLE, Encoding(), dictionary)[1].identity.sop_instance_uid is None


@pytest.mark.parametrize(
    ("value", "uid"), [(b"1.2\0", "1.2"), (b" 1 .\t2\n", "1.2"), (b"1.2\0junk", "1.2"), (b"", ""), (b"\xe4", "\xe4")]
)
def test_uids_are_cleaned(value: bytes, uid: str):
    assert clean_uid(value) == uid
