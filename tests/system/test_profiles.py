"""Profiles in the running daemon: for all, for a listener, for a sender; reloaded; and what nobody can decode."""

import signal

import pytest

from tests.support.daemon import NotStarted, storescpd
from tests.support.negotiating import BIG, IMPLICIT, LITTLE, results, role_item, sub_items
from tests.support.objects import CT_IMAGE
from tests.support.processes import eventually
from tests.support.rawclient import VERIFICATION, Aborted, RawAssociation
from tests.support.reference import storescp
from tests.support.tools import need

MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"
RLE, NOBODYS = "1.2.840.10008.1.2.5", "1.2.3.4"
CONTEXTS = [(1, VERIFICATION, [LITTLE]), (3, CT_IMAGE, [LITTLE, IMPLICIT, BIG, RLE]), (5, MR_IMAGE, [BIG])]

TABLES = {
    "transfer_syntaxes": {"implicit": ["LittleEndianImplicit"], "big": ["BigEndianExplicit"]},
    "presentation_contexts": {
        "ct": [{"sop_class": "CTImageStorage", "transfer_syntaxes": "implicit"}],
        "mr": [{"sop_class": MR_IMAGE, "transfer_syntaxes": "big"}],
    },
    "roles": {"ct": [{"sop_class": "CTImageStorage", "role": "scp"}]},
    "extended": {"ct": [{"sop_class": "CTImageStorage", "data": "0aFF"}]},
    "profiles": {
        "ct": {"presentation_contexts": "ct", "roles": "ct", "extended": "ct"},
        "mr": {"presentation_contexts": "mr"},
    },
}
FILE = """\
[[TransferSyntaxes]]
[one]
TransferSyntax1 = {syntax}
[[PresentationContexts]]
[ct]
PresentationContext1 = CTImageStorage\\one
PresentationContext2 = VerificationSOPClass\\one
[[Profiles]]
[Default]
PresentationContexts = ct
"""


def listener(name, **more):
    return {"name": name, "address": "127.0.0.1", "port": 0, **more}


def accepted(port, **options):
    with RawAssociation(port, CONTEXTS, **options) as association:
        association.release()
        return association.accepted


def test_each_listener_has_its_profile(tmp_path):
    config = {
        "negotiation": TABLES,
        "listeners": [listener("plain"), listener("ct", profile="ct"), listener("mr", profile="mr")],
        "peers": [
            {"calling_ae_title": "RLE*", "negotiation": {"prefer": "rle"}},
            {"calling_ae_title": "OTHER"},
            {"calling_ae_title": "CT", "negotiation": {"profile": "ct"}},
        ],
    }
    roles = role_item(CT_IMAGE, 0, 1)
    with storescpd(tmp_path / "in", config) as daemon:
        ports = daemon.ports()
        assert accepted(ports["plain"], extra=roles) == {1: LITTLE, 3: LITTLE, 5: BIG}
        assert accepted(ports["ct"], extra=roles) == {3: IMPLICIT}
        assert accepted(ports["mr"]) == {5: BIG}
        # What is said of a sender counts more than what is said of a port.
        assert accepted(ports["mr"], calling="RLE1") == {1: LITTLE, 3: RLE, 5: BIG}
        assert accepted(ports["mr"], calling="CT", extra=roles) == {3: IMPLICIT}
        assert accepted(ports["mr"], calling="OTHER") == {5: BIG}


def test_one_profile_for_all_and_another_for_a_listener(tmp_path):
    config = {
        "negotiation": {**TABLES, "profile": "ct"},
        "listeners": [listener("a"), listener("b", profile="mr")],
    }
    with storescpd(tmp_path / "in", config) as daemon:
        ports = daemon.ports()
        with RawAssociation(ports["a"], CONTEXTS, extra=role_item(CT_IMAGE, 1, 0)) as association:
            answer = association.answer[68:]
            association.release()
        assert {number: result for number, (result, _) in results(answer).items()} == {1: 3, 3: 0, 5: 3}
        assert [value[-2:] for value in sub_items(answer, 0x54)] == [b"\0\0"]
        assert [value[-2:] for value in sub_items(answer, 0x56)] == [b"\x0a\xff"]
        assert accepted(ports["a"]) == {}
        assert accepted(ports["b"]) == {5: BIG}
        said = [line for line in daemon.log().splitlines() if "role selection" in line]
        assert len(said) == 2
        assert "no role accepted" in said[0]
        assert "context refused" in said[1]


def test_a_profile_file_is_read_again(tmp_path):
    path = tmp_path / "profiles.cfg"
    path.write_text(FILE.format(syntax="BigEndianExplicit"))
    config = {"negotiation": {"profile_file": str(path), "profile": "default"}}
    with storescpd(tmp_path / "in", config) as daemon:
        assert accepted(daemon.port) == {3: BIG}
        path.write_text(FILE.format(syntax="BigEndianImplicit"))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "reload failed" in daemon.log())
        assert f"{path}:3:19: [ONE] TRANSFERSYNTAX1: " in daemon.log()
        assert accepted(daemon.port) == {3: BIG}
        path.write_text(FILE.format(syntax="LittleEndianImplicit"))
        daemon.signal(signal.SIGHUP)
        eventually(lambda: "generation=2" in daemon.log().rpartition("serving")[2])
        eventually(lambda: accepted(daemon.port) == {3: IMPLICIT})


@pytest.mark.parametrize(
    ("text", "profile", "said"),
    [
        (FILE.format(syntax="Nonsense"), "Default", "profiles.cfg:3:19: [ONE] TRANSFERSYNTAX1: "),
        (FILE.format(syntax="1.2"), "Generic", "there is no profile GENERIC"),
        (None, "Default", "cannot be read: No such file"),
    ],
)
def test_no_start_with_a_bad_profile_file(tmp_path, text, profile, said):
    path = tmp_path / "profiles.cfg"
    if text:
        path.write_text(text)
    with pytest.raises(NotStarted) as raised:
        with storescpd(tmp_path / "in", {"negotiation": {"profile_file": str(path), "profile": profile}}):
            pass
    assert "exit status 78" in str(raised.value)
    assert said in str(raised.value)


def use(port, what):
    """The abort that an object or an echo in a context of nobody's transfer syntax leads to."""
    contexts = [(1, VERIFICATION, [NOBODYS]), (3, CT_IMAGE, [NOBODYS])]
    with RawAssociation(port, contexts) as association:
        assert association.accepted == {1: NOBODYS, 3: NOBODYS}
        send = {"echo": lambda: association.echo(1), "store": lambda: association.store(3, CT_IMAGE, "1.2.3", bytes(8))}
        with pytest.raises(Aborted) as raised:
            send[what]()
        return raised.value.source, raised.value.reason


@pytest.mark.parametrize("what", ["echo", "store"])
def test_a_transfer_syntax_that_nobody_can_decode(tmp_path, what):
    """What is stored as received is another matter: docs/differences.md, unknown-encodings."""
    need("storescp")
    path = tmp_path / "profiles.cfg"
    path.write_text(FILE.format(syntax=NOBODYS))
    with storescp(tmp_path / "theirs", "-xf", str(path), "Default") as receiver:
        expected = use(receiver.port, what)
    with storescpd(tmp_path / "ours", {"negotiation": {"profile_file": str(path), "profile": "Default"}}) as daemon:
        assert use(daemon.port, what) == expected == (0, 0)
        assert daemon.stored() == []
