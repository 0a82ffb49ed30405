"""The one table of options, in the order of the usage text. Everything about a command line is made from it."""

from types import MappingProxyType

from storescpd.cli.storescp import table_general as general
from storescpd.cli.storescp import table_network as network
from storescpd.cli.storescp import table_output as output
from storescpd.cli.storescp import table_tls as tls
from storescpd.cli.storescp.option import Option, Section

SECTIONS: tuple[Section, ...] = (
    general.GENERAL,
    general.PROCESSES,
    network.PROFILES,
    network.PREFERENCES,
    network.ADDRESSES,
    network.ACCESS,
    network.OTHERS,
    tls.TRANSPORT,
    tls.PASSWORD,
    tls.FORMAT,
    tls.AUTHORITIES,
    tls.SECURITY,
    tls.SUITES,
    tls.NAMES,
    tls.RANDOM,
    tls.PEERS,
    output.DIRECTORY,
    output.BITS,
    output.FORMAT,
    output.SYNTAX,
    output.NEW_VR,
    output.GROUP_LENGTH,
    output.SEQUENCE_LENGTH,
    output.PADDING,
    output.UNKNOWN,
    output.DEFLATE,
    output.SORTING,
    output.NAMES,
    output.EVENTS,
)

OPTIONS: tuple[Option, ...] = tuple(option for section in SECTIONS for option in section.options)
BY_LONG = MappingProxyType({option.long: option for option in OPTIONS})
BY_NAME = MappingProxyType({name: option for option in OPTIONS for name in option.names})
"""Every spelling."""
EXCLUSIVE = ("--help", "--version", "--list-profiles", "--list-ciphers")
"""What shows something and ends, the first that is there before the others."""

_DHPARAM = BY_LONG["--dhparam"]
_SUITES = tuple(option for option in tls.SUITES.options if option is not _DHPARAM)

_VERBOSE_PC = BY_LONG["--verbose-pc"]

BEFORE_PORT: tuple[Option, ...] = (network.INETD, *general.PROCESSES.options)
"""What storescp looks at first, then at the port."""
ABOUT_LOG: tuple[Option, ...] = tuple(option for option in general.GENERAL.options if option is not _VERBOSE_PC)
"""What it looks at then; what comes after it is told as the log is."""
AFTER_LOG: tuple[Option, ...] = (
    _VERBOSE_PC,
    *network.PREFERENCES.options,
    *(option for option in network.OTHERS.options if option is not network.INETD),
    *network.PROFILES.options,
    *(option for section in SECTIONS if section.chapter == output.DIRECTORY.chapter for option in section.options),
    *output.EVENTS.options,
    *tls.PASSWORD.options,
    *tls.FORMAT.options,
    _DHPARAM,
    *tls.RANDOM.options,
    *tls.PEERS.options,
    *tls.SECURITY.options,
    *tls.AUTHORITIES.options,
    *_SUITES,
    *tls.NAMES.options,
)
"""What it looks at then, in its order: of several refusals the first is told."""
