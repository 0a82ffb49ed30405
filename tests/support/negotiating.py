"""Association requests by chance, and the answers to them: of a running SCP and of our acceptor without a socket."""

import json
import random
import struct
from collections.abc import Sequence
from pathlib import Path

from storescpd.association import Negotiation, Policy, negotiate
from storescpd.config import parse
from storescpd.config.negotiation_profiles import profiles
from storescpd.data.sop_classes import SOP_CLASSES
from storescpd.data.transfer_syntaxes import TRANSFER_SYNTAXES
from storescpd.wire import codec
from storescpd.wire.pdu import AssociateRQ
from storescpd.worker.settings import policy
from tests.support.rawclient import Context, RawAssociation, associate_request, item, items

LITTLE, BIG, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"
UNKNOWN = ("1.2.3.4", "1.2.3.5", "1.2.840.10008.5.1.4.1.1.2.9", "2.25.1")
OTHER_SERVICES = ("1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.3.1.2.3.3")
CLASSES = (*SOP_CLASSES, *UNKNOWN, *OTHER_SERVICES)
SYNTAXES = (*TRANSFER_SYNTAXES, "1.2.3.4")


def as_storescp(made: Policy) -> Policy:
    """The same under the name of storescp 3.6.7, so that answers are equal byte for byte."""
    return made._replace(
        implementation_class_uid="1.2.276.0.7230010.3.0.3.6.7", implementation_version_name="OFFIS_DCMTK_367"
    )


def policy_of_text(text: str) -> Policy:
    """The policy of a configuration without a profile."""
    return as_storescp(policy(parse(text, "test.toml", not_yet=())))


def policy_of_profile(path: Path, name: str) -> Policy:
    """The policy of a profile file, all the way from the configuration.

    Raises:
        ConfigError: the file is wrong, or has no such profile.
    """
    text = f"[negotiation]\nprofile_file = {json.dumps(str(path))}\nprofile = {json.dumps(name)}"
    config = parse(text, "test.toml", not_yet=())
    return as_storescp(policy(config, profiles(config)[name]))


def negotiated(made: Policy, request: bytes) -> Negotiation:
    """What the acceptor makes of a request."""
    decoded = codec.request(request[6:])
    assert isinstance(decoded, AssociateRQ)
    return negotiate(decoded, made)


def answered(port: int, request: bytes) -> bytes:
    """The variable items of the A-ASSOCIATE-AC that an SCP answers with."""
    association = RawAssociation(port, request=request)
    association.release()
    return association.answer[68:]


def role_item(sop_class: str, scu: int, scp: int) -> bytes:
    """A role selection item (54H)."""
    return item(0x54, _counted(sop_class) + bytes((scu, scp)))


def extended_item(sop_class: str, information: bytes) -> bytes:
    """An extended negotiation item (56H)."""
    return item(0x56, _counted(sop_class) + information)


def _counted(uid: str) -> bytes:
    return struct.pack(">H", len(uid)) + uid.encode("ascii")


def results(answer: bytes) -> dict[int, tuple[int, str]]:
    """Result and transfer syntax of each context."""
    contexts = [value for kind, value in items(answer) if kind == 0x21]
    return {value[0]: (value[2], dict(items(value[4:]))[0x40].decode("ascii")) for value in contexts}


def sub_items(answer: bytes, wanted: int) -> list[bytes]:
    """The values of one kind of user information sub-item."""
    information = next(value for kind, value in items(answer) if kind == 0x50)
    return [value for kind, value in items(information) if kind == wanted]


def random_request(rng: random.Random, classes: Sequence[str] = CLASSES, syntaxes: Sequence[str] = SYNTAXES) -> bytes:
    """Up to 30 contexts, some with one id, with role selections and extended negotiation."""
    numbers = rng.choices(range(1, 256, 2), k=rng.randint(1, 30))
    contexts: list[Context] = [
        (number, rng.choice(classes), rng.choices(syntaxes, k=rng.randint(1, 6))) for number in numbers
    ]
    proposed = sorted({context[1] for context in contexts})
    extra = b""
    for sop_class in rng.sample(proposed, rng.randint(0, len(proposed))):
        extra += role_item(sop_class, rng.randint(0, 1), rng.randint(0, 1))
    if rng.random() < 0.3:
        extra += extended_item(rng.choice(proposed), rng.randbytes(rng.randint(1, 9)))
    return associate_request(contexts, extra=extra)
