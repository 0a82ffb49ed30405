"""What the system tests do again and again with a running receiver."""

import struct
from pathlib import Path
from typing import Any

from tests.support.compare import dissect
from tests.support.daemon import Daemon
from tests.support.objects import CT_IMAGE, EXPLICIT_LITTLE, Template, ct
from tests.support.processes import connections, socket_inodes
from tests.support.rawclient import (
    DATA,
    IMPLICIT_LITTLE,
    VERIFICATION,
    RawAssociation,
    fragments,
    store_message,
    store_request,
)

CT, ECHO = 1, 3
"""Context ids."""
SUCCESS, OUT_OF_RESOURCES = 0x0000, 0xA700


def small() -> Template:
    """A CT image of about 70 KiB: a handful of PDUs."""
    return ct(32 * 1024)


def associate(port: int, **options: Any) -> RawAssociation:
    """An association for CT images and C-ECHO."""
    contexts = [(CT, CT_IMAGE, [EXPLICIT_LITTLE]), (ECHO, VERIFICATION, [IMPLICIT_LITTLE])]
    return RawAssociation(port, options.pop("contexts", contexts), **options)


def store(association: RawAssociation, template: Template, number: int) -> int:
    """Send one generated object; the status."""
    return association.store(CT, template.sop_class, template.instance(number), template.bytes(number))


def begin(association: RawAssociation, template: Template, number: int) -> bytes:
    """Send the command and about half of the data set, ending between two PDUs; the rest, as it goes over the wire."""
    command = store_request(template.sop_class, template.instance(number))
    message = store_message(CT, command, template.bytes(number), association.pdv_size)
    cut = 0
    while cut < len(message) // 2:
        cut += 6 + int(struct.unpack_from(">I", message, cut + 2)[0])
    association.send_raw(message[:cut])
    return message[cut:]


def finish(association: RawAssociation, rest: bytes) -> int:
    """Send the rest; the status."""
    association.send_raw(rest)
    return association.status()


def file_of(directory: Path, template: Template, number: int) -> Path:
    """Where a generated object is stored by default."""
    return directory / f"CT.{template.instance(number)}"


def whole(directory: Path, template: Template, number: int) -> bool:
    """Whether a generated object is on disk, every byte of it."""
    path = file_of(directory, template, number)
    return path.is_file() and dissect(path).data == template.bytes(number)


def owner(daemon: Daemon, association: RawAssociation) -> int:
    """The worker that holds an association."""
    local = association.socket.getsockname()[1]
    inodes = {
        row.inode for row in connections() if row.remote_port == local and row.local_port == daemon.port and row.inode
    }
    return next(pid for pid in daemon.worker_pids() if socket_inodes(pid) & inodes)


def stream_header(template: Template, number: int, association: RawAssociation) -> bytes:
    """The C-STORE command of a generated object, ready to be followed by data set PDUs."""
    command = store_request(template.sop_class, template.instance(number))
    return b"".join(fragments(CT, 1, command, association.pdv_size))


def data_pdu(part: bytes, *, last: bool) -> bytes:
    """One P-DATA PDU with a data set fragment."""
    return struct.pack(">BxIIBB", DATA, len(part) + 6, len(part) + 2, CT, 2 if last else 0) + part
