"""[tls] within itself and with the listeners that use it (storescp facts 1.8, 8.4, 8.5)."""

from collections.abc import Iterator

from storescpd.config.problems import Finding, KeyPath
from storescpd.config.root import Config
from storescpd.config.section import changed
from storescpd.data.tls_suites import TLS_1_3

_CLOSED_PROFILES = ("rfc8996-modified", "bcp195-extended")
"""These are complete: nothing can be added."""


def _key(name: str) -> KeyPath:
    return ("tls", name)


def listeners_have_keys(config: Config) -> Iterator[Finding]:
    """A port with TLS needs something to show."""
    for index, listener in enumerate(config.listeners):
        for name in ("key", "certificate"):
            if listener.tls and not getattr(config.tls, name):
                remedy = f"set tls.{name}, or write tls = false"
                yield Finding(("listeners", index, "tls"), f"needs tls.{name}, which is not set", remedy, (_key(name),))


def keys_have_listeners(config: Config) -> Iterator[Finding]:
    """Who configures TLS must not get ports without it unawares."""
    said = changed(config.tls)
    if said and not any(listener.tls for listener in config.listeners):
        message = "is set, but no listener serves TLS"
        remedy = "write tls = true in a [[listeners]] table, or remove [tls]"
        yield Finding(_key(said[0]), message, remedy, (("listeners",),))


def one_password(config: Config) -> Iterator[Finding]:
    """The password has one source."""
    tls = config.tls
    sources = {
        "password": bool(tls.password.get_secret_value()),
        "password_file": bool(tls.password_file),
        "prompt_password": tls.prompt_password,
    }
    said = [name for name, is_said in sources.items() if is_said]
    for name in said[1:]:
        yield Finding(_key(name), f"does not go with tls.{said[0]}", "keep one of them", (_key(said[0]),))


def seeds(config: Config) -> Iterator[Finding]:
    """A seed is written back to where one was read."""
    tls = config.tls
    for name, is_said in {"write_seed": tls.write_seed, "write_seed_file": bool(tls.write_seed_file)}.items():
        if is_said and not tls.random_seed_file:
            remedy = "set tls.random_seed_file, or remove it"
            yield Finding(_key(name), "needs tls.random_seed_file", remedy, (_key("random_seed_file"),))


def revocation(config: Config) -> Iterator[Finding]:
    """Lists and the wish to look into them come together."""
    tls = config.tls
    if tls.crl_check != "none" and not tls.crl_files:
        remedy = "set tls.crl_files, or remove it"
        yield Finding(
            _key("crl_check"), "needs tls.crl_files: there are no lists to look into", remedy, (_key("crl_files"),)
        )
    if tls.crl_check == "none" and tls.crl_files:
        message = 'is not looked into while tls.crl_check = "none"'
        yield Finding(_key("crl_files"), message, 'write crl_check = "leaf" or "chain"', (_key("crl_check"),))


def ciphers(config: Config) -> Iterator[Finding]:
    """Which suites can be chosen, and with which profile."""
    tls = config.tls
    for index, name in enumerate(tls.ciphers):
        wrong = _wrong_cipher(name, tls.profile)
        if wrong is not None:
            yield Finding(("tls", "ciphers", index), *wrong, (_key("profile"),))
    if tls.ciphers and tls.profile in _CLOSED_PROFILES:
        message = f'does not go with tls.profile = "{tls.profile}", which has a closed list of suites'
        yield Finding(_key("ciphers"), message, 'remove it, or write profile = "rfc8996"', (_key("profile"),))
    if not tls.ciphers and not tls.profile:
        yield Finding(_key("profile"), "is empty, and tls.ciphers too", "name a profile or ciphers", (_key("ciphers"),))


def _wrong_cipher(name: str, profile: str) -> tuple[str, str] | None:
    if name in TLS_1_3:
        return (
            f"{name} belongs to TLS 1.3, whose suites cannot be chosen with this Python",
            "remove it: all suites of TLS 1.3 are offered where the profile has TLS 1.3",
        )
    if not name.startswith("TLS_") or "_WITH_" not in name:
        return f"{name} is not an IANA suite name", 'write one such as "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"'
    if "_WITH_3DES_" in name:
        return f"{name} needs 3DES, which current OpenSSL no longer offers", "remove it"
    if "_WITH_NULL_" in name and profile not in {"null", ""}:
        return f'{name} does not encrypt, but tls.profile = "{profile}" promises encryption', "remove it"
    return None


RULES = (listeners_have_keys, keys_have_listeners, one_password, seeds, revocation, ciphers)
