"""What ``--check-config`` says of keys, certificates and suites, beyond that their files can be read."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

from storescpd.access.tls import TlsError, load_material, make_context
from storescpd.access.tls.checks import weaknesses
from storescpd.config import Config, Environment
from storescpd.config.problems import Finding
from storescpd.config.texts import CREDENTIAL
from storescpd.worker.securing import CREDENTIALS, nobody_to_ask, tls_settings


def tls_findings(config: Config, environment: Environment) -> Iterator[Finding]:
    """Everything wrong; files that cannot be read have been told of already."""
    tls = config.tls
    if not any(listener.tls for listener in config.listeners):
        return
    if tls.prompt_password:
        yield Finding(("tls", "prompt_password"), "the key was not checked: its password is asked for", "", note=True)
        return
    directory = environment.credentials_directory or ""
    named = (tls.key, tls.certificate, tls.password_file, *tls.ca_files, *tls.crl_files, tls.dh_parameters)
    if not all(os.access(_place(path, directory), os.R_OK) for path in named if path):
        return
    try:
        wanted = tls_settings(config, nobody_to_ask, {CREDENTIALS: directory})
        material = load_material(wanted)
        make_context(wanted, material)
    except TlsError as error:
        yield Finding(("tls", error.key), str(error), "correct it: the start would fail")
        return
    for weak in weaknesses(material, datetime.now(UTC)):
        yield Finding(("tls", weak.key), weak.message, weak.remedy, note=weak.note)


def _place(path: str, directory: str) -> str:
    """Where a credential is."""
    return os.path.join(directory, path.removeprefix(CREDENTIAL)) if path.startswith(CREDENTIAL) else path
