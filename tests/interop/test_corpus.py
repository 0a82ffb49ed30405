"""A corpus of odd and broken files, sent as they are: the daemon and storescp must do the same with each."""

import pytest

from tests.support.compare import clear, dissect, stored
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, Object, corpus
from tests.support.rawclient import Aborted, Closed, RawAssociation, parse_command
from tests.support.subject import AS_RECEIVED, comparable, judged

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not corpus(), reason="no corpus: set STORESCPD_CORPUS"),
]

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
OWN, ANY = 1, 3
"""The context of the object's own class, and one that every receiver accepts."""


def outcome(port: int, one: Object, syntax: str) -> tuple:
    """What becomes of an object: the answers to both proposals, and what its C-STORE ended with."""
    proposal = [(OWN, one.sop_class, [syntax]), (ANY, CT_IMAGE, [syntax])]
    with RawAssociation(port, proposal) as association:
        context = min(association.accepted, default=None)
        if context is None:
            return "refused", association.results
        try:
            association.store(context, one.sop_class.encode("latin-1"), one.sop_instance.encode("latin-1"), one.data)
        except Aborted as abort:
            return "aborted", association.results, abort.source, abort.reason
        except Closed:
            return "closed", association.results
        response = parse_command(association.response)
        association.release()
        return "answered", association.results, response


NEWER_CLASSES = {"1.2.840.10008.5.1.4.1.1.66.7"}
"""In the list of classes since 3.6.7."""
REFERENCE_SYNTAXES = {"", ".1", ".2", ".5", ".1.99"} | {
    f".4.{number}" for number in (50, 51, 70, 80, 81, 90, 91, *range(100, 109))
}


NEWER_SYNTAXES = {
    f"1.2.840.10008.1.2{suffix}"
    for suffix in (".1.98", ".8.1", *(f".4.{number}" for number in (110, 111, 112, 201, 202, 203)))
} | {f"1.2.840.10008.1.2.4.{number}.1" for number in range(100, 107)}
"""What +xa means since 3.6.7."""


def known_to_reference(syntax: str) -> bool:
    return syntax.removeprefix("1.2.840.10008.1.2") in REFERENCE_SYNTAXES


def stand_in(syntax: str) -> str:
    """A transfer syntax that 3.6.7 knows, for one that it does not: bytes are bytes."""
    if known_to_reference(syntax):
        return syntax
    return JPEG_BASELINE if syntax.startswith("1.2.840.10008.1.2.4.") else EXPLICIT_LITTLE


DIFFERENCES = {
    "grailbio_go-dicom/testdicomdir": "storescp takes the UIDs of a nested item for the object's own",
    "pwnlabmx_dicom-fuzzing-corpus/TC0445_duplicate_tags.dcm": "storescp accepts a group length beyond the end",
}
"""Where the daemon knows better, when it looks at data sets at all."""


@pytest.mark.parametrize("one", corpus(), ids=repr)
def test_the_same_becomes_of_each_file(one, reference, subject, mode, request):
    if one.name in DIFFERENCES and mode != AS_RECEIVED and judged() == "storescpd":
        request.applymarker(pytest.mark.xfail(reason=DIFFERENCES[one.name], strict=True))
    syntax = stand_in(one.syntax)
    clear(reference.directory)
    clear(subject.directory)
    expected, found = outcome(reference.port, one, syntax), outcome(subject.port, one, syntax)
    if one.sop_class in NEWER_CLASSES and judged() == "storescpd":
        expected[1][OWN] = 0
    assert found == expected
    files, ours = comparable(reference.directory, mode), comparable(subject.directory, mode)
    if one.sop_class in NEWER_CLASSES:
        assert list(ours.values()) == list(files.values())
    else:
        assert ours == files
    assert all(file.length for file in ours.values())
    if mode == AS_RECEIVED:
        assert all(file.data == one.data for file in ours.values())


@pytest.mark.skipif(judged() == "storescp", reason="newer than storescp 3.6.7")
@pytest.mark.parametrize("one", [one for one in corpus() if one.syntax in NEWER_SYNTAXES], ids=repr)
def test_newer_transfer_syntaxes_keep_their_name(one, subject, mode):
    clear(subject.directory)
    with RawAssociation(subject.port, [(OWN, one.sop_class, [one.syntax])]) as association:
        assert association.accepted == {OWN: one.syntax}
        assert association.store(OWN, one.sop_class, one.sop_instance, one.data) == 0
        association.release()
    [name] = stored(subject.directory)
    file = dissect(subject.directory / name)
    assert file.data == one.data or mode != AS_RECEIVED
    assert dict(file.header)[0x0002_0010].rstrip(b"\0").decode() == one.syntax
