"""Independent senders store into the daemon and into storescp: the same files must come out of both."""

import os
import subprocess

import pydicom
import pytest

from tests.interop.senders import NODE_MODULES, SENDERS, Sender
from tests.support.compare import dissect, stored
from tests.support.objects import Object, bundled
from tests.support.rawclient import RawAssociation
from tests.support.reference import storescp
from tests.support.subject import AS_RECEIVED, MODES, comparable, receiver
from tests.support.tools import need


def send(sender: Sender, port: int) -> list[int]:
    """Make every call; the exit statuses."""
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES)}
    calls = [
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        for command in sender.commands(str(port))
    ]
    return [call.returncode for call in calls]


@pytest.mark.parametrize("sender", SENDERS, ids=repr)
def test_what_a_sender_stores_is_what_storescp_stores_from_it(sender, mode, tmp_path):
    need("storescp", "dcmdump", *sender.programs)
    with storescp(tmp_path / "reference", *MODES[mode]) as reference:
        expected_statuses = send(sender, reference.port)
    with receiver(tmp_path / "subject", mode) as subject:
        statuses = send(sender, subject.port)
    expected, found = comparable(tmp_path / "reference", mode), comparable(tmp_path / "subject", mode)
    assert len(expected) == sender.stores
    assert sorted(found) == sorted(expected)
    for name, file in found.items():
        assert file.length, name
        assert file == expected[name], name
    assert statuses == expected_statuses
    files = [str(tmp_path / "subject" / name) for name in found]
    subprocess.run(["dcmdump", "-q", *files], stdout=subprocess.DEVNULL, check=True)
    for name in files:
        assert len(pydicom.dcmread(name)) > 0


def send_raw(port: int, objects: list[Object]) -> None:
    """Every object over one association, its own transfer syntax proposed for it, its data set as it stands."""
    contexts = {key: 2 * number + 1 for number, key in enumerate({(one.sop_class, one.syntax) for one in objects})}
    proposal = [(number, sop_class, [syntax]) for (sop_class, syntax), number in contexts.items()]
    with RawAssociation(port, proposal) as association:
        assert len(association.accepted) == len(proposal)
        for one in objects:
            number = contexts[one.sop_class, one.syntax]
            assert association.store(number, one.sop_class, one.sop_instance, one.data) == 0, one
        association.release()


def test_every_byte_that_was_sent_is_on_disk(tmp_path):
    """No toolkit in between: the files' own data sets, and the names that storescp gives them."""
    need("storescp")
    objects = [
        one for one in bundled() if len(one.data) % 2 == 0 and not one.sop_class.startswith("1.2.840.10008.1.3.")
    ]
    with receiver(tmp_path / "subject", AS_RECEIVED) as subject:
        send_raw(subject.port, objects)
    with storescp(tmp_path / "reference", *MODES[AS_RECEIVED]) as reference:
        send_raw(reference.port, objects)
    names = sorted(os.listdir(tmp_path / "reference"))
    assert sorted(stored(tmp_path / "subject")) == names
    assert len(names) == len(objects) > 100
    by_instance = {one.sop_instance: one for one in objects}
    for name in names:
        assert dissect(tmp_path / "subject" / name).data == by_instance[name.partition(".")[2]].data, name
