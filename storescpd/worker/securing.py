"""From [access] and [tls] to the gate and the secure ports of a generation."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from storescpd.access.errors import TlsError
from storescpd.access.networks import Networks
from storescpd.config import Config
from storescpd.config.texts import CREDENTIAL
from storescpd.telemetry.events import log_event
from storescpd.worker.gate import Gate, WrapperFiles

if TYPE_CHECKING:
    from storescpd.access.names import Names
    from storescpd.access.tls import SecurePort, TlsSettings

CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""systemd.exec(5)"""

Ask = Callable[[], str]

logger = logging.getLogger(__name__)


def ask_password() -> str:
    """Ask on the terminal, as OpenSSL does for storescp."""
    import getpass  # noqa: PLC0415

    try:
        return getpass.getpass("Enter PEM pass phrase: ")
    except EOFError:
        return nobody_to_ask()


def nobody_to_ask() -> str:
    """There is no terminal."""
    raise TlsError("prompt_password", "there is nobody to ask")


def gate(config: Config) -> Gate:
    """Who gets in."""
    access = config.access
    files = WrapperFiles(access.daemon_name, access.hosts_allow, access.hosts_deny)
    return Gate(
        networks=Networks(access.allow, access.deny),
        wrappers=files if access.tcp_wrappers else None,
        names=_names() if config.association.host_lookup else None,
    )


def _names() -> "Names":
    from storescpd.access.names import Names  # noqa: PLC0415 - for those who want them

    return Names()


def secure_ports(config: Config, ask: Ask, environment: Mapping[str, str] = os.environ) -> "dict[str, SecurePort]":
    """What serves each listener with TLS; they share one.

    Raises:
        TlsError: there is none to be had.
    """
    names = [listener.name for listener in config.listeners if listener.tls]
    if not names:
        return {}
    # OpenSSL and cryptography are for those who have such a port.
    from storescpd.access.tls import SecurePort, load_material  # noqa: PLC0415
    from storescpd.access.tls.seed import read_seed  # noqa: PLC0415

    if config.tls.random_seed_file:
        read_seed(config.tls.random_seed_file)
    wanted = tls_settings(config, ask, environment)
    port = SecurePort(wanted, load_material(wanted))
    if any("NULL" in str(cipher["name"]) for cipher in port.context().get_ciphers()):
        log_event(logger, logging.WARNING, "TLS without encryption: everybody on the way can read what is sent")
    return dict.fromkeys(names, port)


def seed_file(config: Config) -> str:
    """Where the seed is written after each association; empty where it is not."""
    tls = config.tls
    if not any(listener.tls for listener in config.listeners):
        return ""
    return tls.write_seed_file or (tls.random_seed_file if tls.write_seed else "")


def tls_settings(config: Config, ask: Ask, environment: Mapping[str, str]) -> "TlsSettings":
    """[tls] as plain values; raises TlsError for a password or a credential that cannot be had."""
    from storescpd.access.tls import PeerCertificate, Revocation, TlsSettings  # noqa: PLC0415

    tls = config.tls
    return TlsSettings(
        key=_path("key", tls.key, environment),
        certificate=_path("certificate", tls.certificate, environment),
        der=tls.file_format == "der",
        password=_password(config, ask, environment),
        ca_files=tuple(tls.ca_files),
        ca_directories=tuple(tls.ca_directories),
        crl_files=tuple(tls.crl_files),
        revocation=Revocation(tls.crl_check),
        profile=tls.profile,
        ciphers=tuple(tls.ciphers),
        expected_server_name=tls.expected_server_name,
        dh_parameters=tls.dh_parameters,
        peer_certificate=PeerCertificate(tls.peer_certificate),
    )


def _path(key: str, value: str, environment: Mapping[str, str]) -> str:
    """A path; a credential is a file in systemd's directory."""
    if not value.startswith(CREDENTIAL):
        return value
    directory = environment.get(CREDENTIALS)
    if not directory:
        raise TlsError(key, f"{value}: systemd has passed no credentials")
    return os.path.join(directory, value.removeprefix(CREDENTIAL))


def _password(config: Config, ask: Ask, environment: Mapping[str, str]) -> bytes | None:
    tls = config.tls
    if tls.prompt_password:
        return ask().encode() or None
    if not tls.password_file:
        return tls.password.get_secret_value().encode() or None
    path = _path("password_file", tls.password_file, environment)
    try:
        with open(path, "rb") as file:
            return file.readline().rstrip(b"\r\n") or None
    except OSError as error:
        raise TlsError("password_file", f"cannot read {path}: {error.strerror}") from error
