"""C-ECHO to any peer, with pynetdicom as the SCU."""

import sys

from pynetdicom import AE
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

from storescpd.cli.status import Exit

TIMEOUT = 10
"""Seconds for each step: a peer on the same network answers within one."""


def echo(host: str, port: int, title: str = "ANY-SCP") -> int:
    """Send one C-ECHO and say what came back; returns the exit status."""
    entity = AE(ae_title="STORESCPD")
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = entity.connection_timeout = TIMEOUT
    entity.add_requested_context(Verification)
    association = entity.associate(host, port, ae_title=title)
    if not association.is_established:
        print(f"storescpd: no association with {host} port {port}: {_why(association)}", file=sys.stderr)
        return Exit.FAILURE
    status = association.send_c_echo()
    association.release()
    answer = status.Status if "Status" in status else None
    if answer != 0:
        print(f"storescpd: {host} port {port} answered {_shown(answer)}", file=sys.stderr)
        return Exit.FAILURE
    print(f"{host} port {port} answers C-ECHO with status 0000")
    return Exit.OK


def _why(association: object) -> str:
    if getattr(association, "is_rejected", False):
        return "it rejects us"
    if getattr(association, "is_aborted", False):
        return "it aborts, or nothing listens there"
    return "nothing answers there"


def _shown(status: int | None) -> str:
    return "nothing" if status is None else f"status {status:04X}"
