"""Options of TLS."""

from storescpd.cli.storescp.option import Argument, Era, Forbids, Kind, Needs, Option, Section, Sets
from storescpd.cli.storescp.values import dotted, fixed, path, several, suites, text

_TLS = "transport layer security (TLS) options"
_FILE = (Argument("FILE", Kind.PATH),)
_WITH_TLS = Needs(("--enable-tls",))
_NEEDS_TLS = (_WITH_TLS,)
_NEEDS_SEED = (_WITH_TLS, Needs(("--seed",)))
_REMARK = "only with --enable-tls"

TRANSPORT = Section(
    "transport",
    (
        Option(
            "--disable-tls",
            "-tls",
            "plain TCP",
            group="tls",
            default=True,
            sets=(fixed("listeners.0.tls", value=False),),
        ),
        Option(
            "--enable-tls",
            "+tls",
            "TLS, with this private key and certificate",
            (Argument("KEY", Kind.PATH), Argument("CERTIFICATE", Kind.PATH)),
            group="tls",
            sets=(path("tls.key"), path("tls.certificate", 1), fixed("listeners.0.tls", value=True)),
            changes="without a profile it is --profile-8996, as with the newest storescp",
        ),
    ),
    _TLS,
)

PASSWORD = Section(
    "password of the private key",
    (
        Option(
            "--std-passwd",
            "+ps",
            "ask on the terminal",
            group="password",
            default=True,
            checks=_NEEDS_TLS,
            sets=(fixed("tls.prompt_password", value=True),),
        ),
        Option(
            "--use-passwd",
            "+pw",
            "this one; everybody on this host can read it",
            (Argument("PASSWORD"),),
            group="password",
            checks=_NEEDS_TLS,
            sets=(text("tls.password"),),
        ),
        Option("--null-passwd", "-pw", "none", group="password", checks=_NEEDS_TLS),
    ),
    _TLS,
    _REMARK,
)

FORMAT = Section(
    "format of keys and certificates",
    (
        Option(
            "--pem-keys",
            "-pem",
            "PEM",
            group="format",
            default=True,
            checks=_NEEDS_TLS,
            sets=(fixed("tls.file_format", "pem"),),
        ),
        Option("--der-keys", "-der", "DER", group="format", checks=_NEEDS_TLS, sets=(fixed("tls.file_format", "der"),)),
    ),
    _TLS,
    _REMARK,
)

AUTHORITIES = Section(
    "certification authorities",
    (
        Option(
            "--add-cert-file",
            "+cf",
            "trust the certificates in a file",
            _FILE,
            repeatable=True,
            checks=_NEEDS_TLS,
            sets=(several("tls.ca_files"),),
            refuses="a file that cannot be read is an error",
        ),
        Option(
            "--add-cert-dir",
            "+cd",
            "trust the certificates in a hashed directory",
            (Argument("DIRECTORY", Kind.PATH),),
            repeatable=True,
            checks=_NEEDS_TLS,
            sets=(several("tls.ca_directories"),),
        ),
        Option(
            "--add-crl-file",
            "+crl",
            "refuse what a revocation list has; implies --enable-crl-vfy",
            _FILE,
            era=Era.NEWER,
            repeatable=True,
            checks=_NEEDS_TLS,
            sets=(several("tls.crl_files"), fixed("tls.crl_check", "leaf")),
        ),
        Option(
            "--enable-crl-vfy",
            "+crv",
            "look peers' certificates up in the lists",
            era=Era.NEWER,
            checks=_NEEDS_TLS,
            sets=(fixed("tls.crl_check", "leaf"),),
            refuses="without a list the start fails, instead of every handshake",
        ),
        Option(
            "--enable-crl-all",
            "+cra",
            "look up those of their authorities as well",
            era=Era.NEWER,
            checks=_NEEDS_TLS,
            sets=(fixed("tls.crl_check", "chain"),),
            refuses="without a list the start fails, instead of every handshake",
        ),
    ),
    _TLS,
    _REMARK,
)


def _profile(long: str, short: str, what: str, word: str, era: Era = Era.NEWER, *, default: bool = False) -> Option:
    return Option(
        long,
        short,
        what,
        group="tls profile",
        default=default,
        era=era,
        checks=_NEEDS_TLS,
        sets=(fixed("tls.profile", word),),
    )


SECURITY = Section(
    "security profiles",
    (
        _profile("--profile-8996", "+pg", "BCP 195 of today (RFC 8996)", "rfc8996", Era.NEWEST, default=True),
        _profile("--profile-8996-mod", "+pm", "the same, modified", "rfc8996-modified", Era.NEWEST),
        _profile("--profile-bcp195-nd", "+py", "BCP 195 without downgrading; retired", "bcp195-nd"),
        _profile("--profile-bcp195", "+px", "BCP 195 with old versions and suites; retired", "bcp195"),
        _profile("--profile-bcp195-ex", "+pz", "BCP 195 extended; retired", "bcp195-extended"),
        _profile("--profile-aes", "+pa", "AES, TLS 1.0 to 1.2; retired", "aes"),
        _profile("--profile-null", "+pn", "authenticated but not encrypted; retired", "null"),
        Option("--list-profiles", "+ph", "list the profiles and end", era=Era.NEWEST),
    ),
    _TLS,
    _REMARK,
)

SUITES = Section(
    "cipher suites",
    (
        Option("--list-ciphers", "+cc", "list the suites that can be named and end", era=Era.NEWER),
        Option(
            "--cipher",
            "+cs",
            "add a suite to those of the profile; not with a profile that is closed",
            (Argument("NAME"),),
            repeatable=True,
            checks=(_WITH_TLS, Forbids(("--profile-bcp195-ex",)), Forbids(("--profile-8996-mod",))),
            sets=(Sets(dotted("tls.ciphers"), suites, "[NAME, ...]"),),
            changes="suites of TLS 1.3 need not be named, and are always offered where the profile has TLS 1.3",
        ),
        Option(
            "--dhparam",
            "+dp",
            "Diffie-Hellman parameters",
            _FILE,
            checks=_NEEDS_TLS,
            sets=(path("tls.dh_parameters"),),
            refuses="a file that cannot be read, and parameters that are too short, are errors",
        ),
    ),
    _TLS,
    _REMARK,
)

NAMES = Section(
    "server name indication",
    (
        Option("--no-sni", "", "any name will do", group="sni", default=True, era=Era.NEWEST, checks=_NEEDS_TLS),
        Option(
            "--expect-sni",
            "",
            "refuse peers that ask for another name",
            (Argument("NAME"),),
            era=Era.NEWEST,
            checks=(_WITH_TLS, Forbids(("--no-sni",))),
            sets=(text("tls.expected_server_name"),),
        ),
    ),
    _TLS,
    _REMARK,
)

RANDOM = Section(
    "random numbers",
    (
        Option(
            "--seed",
            "+rs",
            "feed a file to the random generator",
            _FILE,
            checks=_NEEDS_TLS,
            sets=(path("tls.random_seed_file"),),
        ),
        Option(
            "--write-seed",
            "+ws",
            "write a new seed back to it; only with --seed",
            checks=_NEEDS_SEED,
            sets=(fixed("tls.write_seed", value=True),),
        ),
        Option(
            "--write-seed-file",
            "+wf",
            "write a new seed to this file; only with --seed",
            _FILE,
            checks=_NEEDS_SEED,
            sets=(path("tls.write_seed_file"),),
        ),
    ),
    _TLS,
    _REMARK,
)

PEERS = Section(
    "certificates of peers",
    (
        Option(
            "--require-peer-cert",
            "-rc",
            "verify it, refuse those without",
            group="peer certificate",
            default=True,
            checks=_NEEDS_TLS,
            sets=(fixed("tls.peer_certificate", "require"),),
        ),
        Option(
            "--verify-peer-cert",
            "-vc",
            "verify it where there is one",
            group="peer certificate",
            checks=_NEEDS_TLS,
            sets=(fixed("tls.peer_certificate", "verify"),),
        ),
        Option(
            "--ignore-peer-cert",
            "-ic",
            "do not look",
            group="peer certificate",
            checks=_NEEDS_TLS,
            sets=(fixed("tls.peer_certificate", "ignore"),),
        ),
    ),
    _TLS,
    _REMARK,
)
