"""What modules load late, for a process of inetd, a supervisor loads before it forks or reloads.

A daemon that loaded a module by itself could get that of a package which was upgraded meanwhile.
"""

from storescpd.access import names, tls, wrappers
from storescpd.access.tls import seed
from storescpd.association import profile_contexts
from storescpd.config import explain, positions, profile_file, profile_lexer
from storescpd.config.syntax import remains
from storescpd.store import incoming
from storescpd.studies import link, messages
from storescpd.telemetry import files, speaking
from storescpd.wire import command, sub_items
from storescpd.worker import (
    clerks,
    comments,
    desk,
    filing,
    handshake,
    lone_desk,
    parameters,
    reception,
    storing,
    tls_failures,
    tls_transport,
    trial,
)

LOADED = (
    names, tls, wrappers, seed, profile_contexts, explain, positions, profile_file, profile_lexer, incoming, link,
    messages, files, speaking, command, sub_items, clerks, comments, desk, filing, handshake, lone_desk, parameters,
    reception, remains, storing, tls_failures, tls_transport, trial,
)  # fmt: skip
