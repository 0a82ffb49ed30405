"""[tls]: keys, certificates and rules of the ports with ``tls = true``."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, SecretStr

from storescpd.config.refusal import refusal
from storescpd.config.section import Section, setting
from storescpd.config.texts import CredentialPath, OptionalPath, RequiredPath, Secret, Several, Text, Word


def _without_basic(value: object) -> object:
    if value == "basic":
        raise refusal(
            'the profile "basic" needs 3DES, which current OpenSSL no longer offers',
            'write "rfc8996", or "aes" for old devices',
        )
    return value


TlsProfile = Annotated[
    Literal["rfc8996", "rfc8996-modified", "bcp195-nd", "bcp195", "bcp195-extended", "aes", "null", ""],
    BeforeValidator(_without_basic),
]


class Tls(Section):
    """TLS. Files are read at start and at each reload."""

    key: CredentialPath = setting(
        "", 'private key file, or "credential:NAME" for one of systemd\'s credentials', option="+tls"
    )
    certificate: CredentialPath = setting("", "certificate file: the own one first, its chain after it", option="+tls")
    file_format: Literal["pem", "der"] = setting("pem", "format of all these files", option="-pem, -der")
    password: Secret = setting(
        SecretStr(""),
        "of the private key; empty: none. --dump-config shows it",
        option="+pw, -pw",
        shown='""',
        private=True,
    )
    password_file: CredentialPath = setting("", 'file whose first line is the password, or "credential:NAME"')
    prompt_password: bool = setting(
        default=False, text="ask for the password on the terminal; never as a service", option="+ps"
    )
    ca_files: Several[RequiredPath] = setting((), "certificates of trusted authorities", option="+cf")
    ca_directories: Several[RequiredPath] = setting((), "hashed directories of such certificates", option="+cd")
    crl_files: Several[RequiredPath] = setting((), "certificate revocation lists", option="+crl")
    crl_check: Literal["none", "leaf", "chain"] = setting("none", "what is looked up in them", option="+crv, +cra")
    profile: TlsProfile = setting(
        "rfc8996",
        "protocol versions and cipher suites; empty: ciphers alone decides",
        option="+pg +pm +py +px +pz +pa +pn",
    )
    ciphers: Several[Word] = setting((), "IANA names of TLS 1.2 suites added to the profile's", option="+cs")
    expected_server_name: Text = setting("", "refuse peers that ask for another name (SNI)", option="--expect-sni")
    dh_parameters: OptionalPath = setting("", "file of Diffie-Hellman parameters; empty: built-in ones", option="+dp")
    random_seed_file: OptionalPath = setting("", "file that seeds the random generator", option="+rs")
    write_seed: bool = setting(default=False, text="write a new seed back to it", option="+ws")
    write_seed_file: OptionalPath = setting("", "write the new seed there instead", option="+wf")
    peer_certificate: Literal["require", "verify", "ignore"] = setting(
        "require", "require: none is refused; verify: checked where there is one; ignore", option="-rc, -vc, -ic"
    )
