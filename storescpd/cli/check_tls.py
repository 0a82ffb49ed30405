"""What ``--check-config`` says of keys, certificates and suites, beyond that their files can be read."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from storescpd.access.tls import TlsError, TlsSettings, load_certificates, load_material, make_context
from storescpd.access.tls.checks import weaknesses
from storescpd.config import Config, Environment
from storescpd.config.problems import Finding
from storescpd.config.texts import CREDENTIAL
from storescpd.worker.securing import CREDENTIALS, tls_settings


def tls_findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """Everything wrong; files that are not named or cannot be read have been told of already."""
    tls = config.tls
    if not any(listener.tls for listener in config.listeners) or not (tls.key and tls.certificate):
        return
    directory = environment.credentials_directory or ""
    named = (tls.key, tls.certificate, tls.password_file, *tls.ca_files, *tls.crl_files, tls.dh_parameters)
    if not all(os.access(_place(path, directory), os.R_OK) for path in named if path):
        return
    try:
        wanted = tls_settings(config, _nothing, {CREDENTIALS: directory})
        certificates = load_certificates(wanted)
    except TlsError as error:
        yield _fatal(error)
        return
    if tls.prompt_password:
        yield Finding(("tls", "prompt_password"), "the key was not checked: its password is asked for", "", note=True)
    else:
        yield from _unusable(wanted)
    for weak in weaknesses(wanted, certificates, datetime.now(UTC)):
        yield Finding(("tls", weak.key), weak.message, weak.remedy, note=weak.note)


def _unusable(wanted: TlsSettings) -> Iterator[Finding]:
    try:
        make_context(wanted, load_material(wanted))
    except TlsError as error:
        yield _fatal(error)


def _fatal(error: TlsError) -> Finding:
    return Finding(("tls", error.key), str(error), "correct it: the start would fail")


def _nothing() -> str:
    """Nobody is asked for a password by a check."""
    return ""


def _place(path: str, directory: str) -> str:
    """Where a credential is."""
    return os.path.join(directory, path.removeprefix(CREDENTIAL)) if path.startswith(CREDENTIAL) else path
