"""What modules load late, for a process of inetd, a supervisor loads before it forks or reloads.

A daemon that loaded a module by itself could get that of a package which was upgraded meanwhile.
"""

from storescpd.access import names, tls, wrappers
from storescpd.access.tls import seed
from storescpd.config import explain, positions, profile_file, profile_lexer
from storescpd.store import incoming
from storescpd.studies import messages
from storescpd.telemetry import files, speaking
from storescpd.worker import clerks, desk, filing, handshake, lone_desk, reception, storing, tls_transport, trial

LOADED = (
    names, tls, wrappers, seed, explain, positions, profile_file, profile_lexer, incoming, messages, files, speaking,
    clerks, desk, filing, handshake, lone_desk, reception, storing, tls_transport, trial,
)  # fmt: skip
