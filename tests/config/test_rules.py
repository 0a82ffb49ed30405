"""What sections must agree on: each rule is broken once, and kept once."""

import pytest

from storescpd.config import Config, Environment, parse
from storescpd.config.problems import dotted
from storescpd.config.rules import broken_rules
from storescpd.store.errors import PlaceError
from storescpd.store.naming import FileNames, Naming, Sort

TLS = """
[[listeners]]
tls = true
[tls]
key = "/k"
certificate = "/c"
"""

BROKEN = [
    # storescp facts 1.9: +B
    ("[storage]\nbit_preserving = true\n[encoding]\ntransfer_syntax = 'implicit'", "encoding.transfer_syntax"),
    ("[storage]\nbit_preserving = true\n[encoding]\nnew_vr = false", "encoding.new_vr"),
    ("[storage]\nbit_preserving = true\n[encoding]\ngroup_length = 'remove'", "encoding.group_length"),
    ("[storage]\nbit_preserving = true\n[encoding]\nsequence_length = 'undefined'", "encoding.sequence_length"),
    ("[storage]\nbit_preserving = true\n[encoding]\npadding = { item = 8 }", "encoding.padding"),
    ("[storage]\nbit_preserving = true\n[naming]\nsort = 'study'", "naming.sort"),
    ("[storage]\nbit_preserving = true\n[naming]\nsort = 'patient-name'", "naming.sort"),
    # +te +tb +ti +td with compressed preferences
    *(
        (f"[encoding]\ntransfer_syntax = '{target}'\n[negotiation]\nprefer = '{prefer}'", "encoding.transfer_syntax")
        for target, prefer in [
            ("explicit-little", "lossless"), ("explicit-big", "jpeg8"), ("implicit", "jpeg12"),
            ("deflated", "j2k-lossless"), ("deflated", "rle"),
            ("implicit", "j2k-lossy"), ("implicit", "jls-lossless"), ("implicit", "jls-lossy"), ("implicit", "mpeg2"),
            ("implicit", "mpeg2-high"), ("implicit", "mpeg4"), ("implicit", "mpeg4-bd"), ("implicit", "mpeg4-2-2d"),
            ("implicit", "mpeg4-2-3d"), ("implicit", "mpeg4-2-st"), ("implicit", "hevc"), ("implicit", "hevc10"),
            ("implicit", "rle"), ("explicit-little", "all"),
        ]
    ),
    # +p with -F
    ("[storage]\nformat = 'dataset'\n[encoding]\npadding = { file = 8, item = 0 }", "encoding.padding"),
    # +cl with +te +tb +ti, said as its default too
    ("[encoding]\ntransfer_syntax = 'implicit'\ncompression_level = 9", "encoding.compression_level"),
    ("[encoding]\ntransfer_syntax = 'explicit-big'\ncompression_level = 6", "encoding.compression_level"),
    # -xf with preferences and -pm
    *(
        (f"[negotiation]\nprofile_file = '/f'\nprofile = 'p'\n{line}", f"negotiation.{line.split(' ')[0]}")
        for line in ("prefer = 'little'", "prefer = 'rle'", "promiscuous = true", "extra_sop_classes = ['1.2.3']")
    ),
    ("[negotiation]\nprofile = 'p'", "negotiation.profile"),
    ("[[listeners]]\nprofile = 'p'", "listeners[0].profile"),
    ("[[peers]]\nnegotiation = { profile = 'p' }", "peers[0].negotiation.profile"),
    ("[negotiation]\nprofile_file = '/f'", "negotiation.profile_file"),
    ("[negotiation]\nprofile_file = '/f'\nprofile = 'p'\n[negotiation.transfer_syntaxes]\na = ['1.2']",
     "negotiation.profile_file"),
    # -xcs, -rns, -tos without sort
    ("[studies]\nrename = true", "studies.rename"),
    ("[studies]\nend_of_study_timeout = 5", "studies.end_of_study_timeout"),
    ("[studies]\nscope = 'peer'", "studies.scope"),
    ("[hooks]\non_end_of_study = 'x'", "hooks.on_end_of_study"),
    ("[naming]\nsort = 'study'\n[studies]\nend_of_study_timeout = 0", "studies.end_of_study_timeout"),
    ("[naming]\nsort = 'study'\n[studies]\nend_of_study_timeout = 0\nscope = 'peer'", "studies.end_of_study_timeout"),
    ("[naming]\nprefix = 'x'", "naming.prefix"),
    ("[naming]\nprefix = 'x'\nsort = 'patient-name'", "naming.prefix"),
    ("[naming]\nsort = 'study'\n[hooks]\non_end_of_study = ['x', '#p/#f']", "hooks.on_end_of_study"),
    *((f"[hooks]\non_reception = ['/bin/{sign}']", "hooks.on_reception") for sign in ("#f", "#a", "#c", "#r")),
    # classes
    ("[negotiation]\nextra_sop_classes = ['1.2.840.10008.1.1']", "negotiation.extra_sop_classes[0]"),
    ("[negotiation]\nextra_sop_classes = ['1.2.3', '1.2.840.10008.5.1.4.31']", "negotiation.extra_sop_classes[1]"),
    ("[negotiation]\nextra_sop_classes = ['1.2.840.10008.1.2.1']", "negotiation.extra_sop_classes[0]"),
    ("[negotiation]\nextra_sop_classes = ['1.2.840.10008.1.20.1']", "negotiation.extra_sop_classes[0]"),
    ("[negotiation]\nextra_sop_classes = ['1.2.840.10008.1.3.10']", "negotiation.extra_sop_classes[0]"),
    # ports
    ("listeners = []", "listeners"),
    ("[[listeners]]\n[[listeners]]\nport = 1", "listeners[1].name"),
    ("[[listeners]]\n[[listeners]]\nname = 'b'", "listeners[1].port"),
    ("[[listeners]]\naddress = '::'\n[[listeners]]\nname = 'b'\naddress = '127.0.0.1'", "listeners[1].port"),
    ("[[listeners]]\naddress = '::1'\n[[listeners]]\nname = 'b'\naddress = '0:0::1'", "listeners[1].port"),
    ("[[listeners]]\naddress = 'Pacs'\n[[listeners]]\nname = 'b'\naddress = 'pacs'", "listeners[1].port"),
    ("[[listeners]]\nport = 104\n[metrics]\naddress = '127.0.0.1:104'", "metrics.address"),
    ("[[listeners]]\nproxy_protocol = true", "listeners[0].proxy_protocol"),
    # TLS
    ("[[listeners]]\ntls = true\n[tls]\nkey = 'k'", "listeners[0].tls"),
    ("[[listeners]]\ntls = true\n[tls]\ncertificate = 'c'", "listeners[0].tls"),
    ("[tls]\nkey = 'k'\ncertificate = 'c'", "tls.key"),
    (TLS + "password = 'x'\npassword_file = 'f'", "tls.password_file"),
    (TLS + "password = 'x'\nprompt_password = true", "tls.prompt_password"),
    (TLS + "password_file = 'x'\nprompt_password = true", "tls.prompt_password"),
    (TLS + "write_seed = true", "tls.write_seed"),
    (TLS + "write_seed_file = 'x'", "tls.write_seed_file"),
    (TLS + "crl_check = 'leaf'", "tls.crl_check"),
    (TLS + "crl_files = ['x']", "tls.crl_files"),
    (TLS + "profile = 'basic'", "tls.profile"),
    (TLS + "profile = ''", "tls.profile"),
    (TLS + "ciphers = ['TLS_AES_256_GCM_SHA384']", "tls.ciphers[0]"),
    (TLS + "ciphers = ['TLS_CHACHA20_POLY1305_SHA256']", "tls.ciphers[0]"),
    (TLS + "ciphers = ['TLS_RSA_WITH_3DES_EDE_CBC_SHA']", "tls.ciphers[0]"),
    (TLS + "ciphers = ['TLS_RSA_WITH_NULL_SHA']", "tls.ciphers[0]"),
    (TLS + "ciphers = ['ECDHE-RSA-AES256-GCM-SHA384']", "tls.ciphers[0]"),
    (TLS + "profile = 'bcp195-extended'\nciphers = ['TLS_RSA_WITH_AES_128_CBC_SHA']", "tls.ciphers"),
    (TLS + "profile = 'rfc8996-modified'\nciphers = ['TLS_RSA_WITH_AES_128_CBC_SHA']", "tls.ciphers"),
    # names that fit into no directory
    ("[naming]\nextension = '" + 250 * "x" + "'", "naming.extension"),
    ("[naming]\nextension = '" + 125 * "é" + "'", "naming.extension"),
    ("[naming]\nfilenames = 'unique'\nextension = '" + 217 * "x" + "'", "naming.extension"),
    ("[naming]\nfilenames = 'time'\nextension = '" + 236 * "x" + "'", "naming.extension"),
    ("[naming]\nsort = 'study'\nprefix = '" + 237 * "x" + "'", "naming.prefix"),
    ("[naming]\nsort = 'study-uid'\nprefix = '" + 252 * "x" + "'", "naming.prefix"),
    ("[[peers]]\nnaming = { extension = '" + 250 * "x" + "' }", "peers[0].naming.extension"),
    # sizes
    ("[storage]\nmax_object_size = 5000\n[encoding]\npadding = { file = 8192 }", "encoding.padding"),
    ("[storage]\nmax_object_size = 5000\n[[peers]]\nencoding = { padding = { file = 8192 } }",
     "peers[0].encoding.padding"),
    ("[encoding]\npadding = { file = 8192 }\n[[peers]]\nstorage = { max_object_size = 5000 }",
     "peers[0].storage.max_object_size"),
    # waits
    *((f"[association]\n{name} = 0.0001", f"association.{name}")
      for name in ("acse_timeout", "dimse_timeout", "socket_timeout", "idle_timeout")),
    ("[[peers]]\nassociation = { idle_timeout = 1e-9 }", "peers[0].association.idle_timeout"),
    # peers
    ("[[peers]]\ncertificate_subject = 'CN=x'", "peers[0].certificate_subject"),
    (TLS + "[[peers]]\ncertificate_subject = 'x'", "peers[0].certificate_subject"),
    (TLS + "peer_certificate = 'ignore'\n[[peers]]\ncertificate_subject = 'CN=x'", "peers[0].certificate_subject"),
    (TLS + "[[listeners]]\nname = 'plain'\nport = 1\n[[peers]]\nlistener = 'plain'\ncertificate_subject = 'CN=x'",
     "peers[0].certificate_subject"),
    ("[[peers]]\nlistener = 'dicon'", "peers[0].listener"),
    ("[[peers]]\naccept = false\nstorage = { group = 'x' }", "peers[0].storage"),
    ("[[peers]]\n[[peers]]\nlistener = 'dicom'", "peers[0]"),
    ("[[peers]]\nnegotiation = { profile_file = '/x' }", "peers[0].negotiation.profile_file"),
    ("[[peers]]\nnaming = { sort = 'study' }\nstudies = { keep = 5 }", "peers[0].studies.keep"),
    ("[[peers]]\nstudies = { ledger = '/x' }", "peers[0].studies.ledger"),
    ("[[peers]]\nhooks = { concurrency = 5 }", "peers[0].hooks.concurrency"),
    ("[[peers]]\nassociation = { acse_timeout = 5 }", "peers[0].association.acse_timeout"),
    ("[[peers]]\nassociation = { ae_title = 'X' }", "peers[0].association.ae_title"),
    # log
    ("[logging]\nlevel = 'warning'\ndump_presentation_contexts = true", "logging.dump_presentation_contexts"),
    ("[logging]\nformat = 'journald'\ndestination = 'syslog'", "logging.format"),
]  # fmt: skip

KEPT = [
    "[storage]\nbit_preserving = true\n[naming]\nfilenames = 'time'\nextension = '.dcm'",
    "[storage]\nbit_preserving = true\nformat = 'dataset'",
    "[encoding]\ntransfer_syntax = 'same'\n[negotiation]\nprefer = 'all'",
    *(f"[encoding]\ntransfer_syntax = 'implicit'\n[negotiation]\nprefer = '{prefer}'"
      for prefer in ("uncompressed", "little", "big", "deflated", "implicit")),
    "[storage]\nformat = 'dataset'\n[encoding]\npadding = { file = 0 }",
    "[encoding]\ntransfer_syntax = 'deflated'\ncompression_level = 9",
    "[encoding]\ncompression_level = 9",
    "[negotiation]\nprofile_file = '/f'\nprofile = 'p'\nprefer = 'uncompressed'",
    "[negotiation]\nprefer = 'rle'\nprofile_file = '/f'\n[[listeners]]\nprofile = 'p'",
    "[naming]\nsort = 'study'\nprefix = 'x'\n[studies]\nrename = true\n[hooks]\non_end_of_study = 'echo #p #f'",
    "[naming]\nsort = 'study'\n[studies]\nend_of_study_timeout = 0\nscope = 'daemon'\n[process]\nmax_associations = 1",
    "[naming]\nsort = 'study'\n[hooks]\non_end_of_study = ['x', '#p']\non_reception = ['x', '#p/#f', '#a']",
    "[studies]\nkeep = 5",
    "[negotiation]\nextra_sop_classes = ['1.2.840.10008.5.1.4.38.1', '1.2.840.10008.5.1.4.1.1.2', '1.2.3.4']",
    "[[listeners]]\nport = 0\n[[listeners]]\nname = 'b'\nport = 0",
    "[[listeners]]\naddress = '127.0.0.1'\n[[listeners]]\nname = 'b'\naddress = '127.0.0.2'",
    "[[listeners]]\naddress = '0.0.0.0'\n[[listeners]]\nname = 'b'\naddress = '::1'",
    "[[listeners]]\nproxy_protocol = true\n[access]\ntrusted_proxies = ['10.0.0.1']",
    TLS + "crl_files = ['x']\ncrl_check = 'chain'\nrandom_seed_file = '/dev/urandom'\nwrite_seed_file = '/x'",
    TLS + "profile = 'null'\nciphers = ['TLS_RSA_WITH_NULL_SHA']",
    TLS + "profile = ''\nciphers = ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384']",
    TLS + "[[peers]]\nlistener = 'dicom'\ncertificate_subject = 'CN=x'",
    "[[peers]]\nlistener = 'dicom'\naccept = false\n[[peers]]\nstorage = { group = 'x' }",
    "[[peers]]\nassociation = { dimse_timeout = 1, socket_timeout = 2, idle_timeout = 3 }",
    "[logging]\nlevel = 'debug'\ndump_presentation_contexts = true",
    "[logging]\nformat = 'journald'",
]  # fmt: skip


@pytest.mark.parametrize(("text", "key"), BROKEN)
def test_a_broken_rule_is_told_at_its_key(text, key, problems):
    assert {problem.key for problem in problems(text)} == {key}


@pytest.mark.parametrize("text", KEPT)
def test_a_rule_that_is_kept(text, problems):
    assert problems(text) == []


NOTED = [
    ("[naming]\nextension = '.dcm'", []),
    ("[naming]\nextension = '" + 182 * "x" + "'", ["naming.extension"]),
    ("[naming]\nsort = 'study-uid'\nprefix = '" + 191 * "x" + "'", ["naming.prefix"]),
    ("[[peers]]\nnaming = { extension = '" + 182 * "x" + "' }", ["peers[0].naming.extension"]),
    ("[naming]\nprefix = 'x'\nsort = 'study'\n[[peers]]\nnaming = { prefix = '" + 236 * "x" + "' }", []),
    ("[storage]\nmax_object_size = 1023", ["storage.max_object_size"]),
    ("[storage]\nmax_object_size = 8192\n[encoding]\npadding = { file = 8192, item = 64 }", []),
    ("[storage]\nmax_object_size = 8000\n[encoding]\npadding = { item = 8192 }", ["encoding.padding"]),
    ("[storage]\nmax_inflation = 1", ["storage.max_inflation"]),
    ("[[peers]]\nstorage = { max_inflation = 1 }", ["peers[0].storage.max_inflation"]),
    ("[association]\nacse_timeout = 0.5\nidle_timeout = 0", ["association.acse_timeout"]),
    ("[[peers]]\nassociation = { socket_timeout = 0.5 }", ["peers[0].association.socket_timeout"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "keys"), NOTED)
def test_what_fails_many_objects_is_worth_a_note(text, keys):
    found = list(broken_rules(parse(text, "test.toml")))
    assert [(dotted(one.key), one.note) for one in found] == [(key, True) for key in keys]


EXTENSION, PREFIX = ("naming", "extension"), ("naming", "prefix")
LONG_UID, SHORT_UID = f"1.{62 * '2'}", "1.2"
TIME = 1_764_000_000_123


def name(filenames, extension, code, uid):
    """What the store makes of it, at its longest and its shortest."""
    first, others = Naming(FileNames(filenames), extension).names(code, uid, TIME)
    second = next(others) if filenames == "time" and code == "UNKNOWN" else first
    return {"time": second, "default": first + ("+1" if code == "UNKNOWN" else "")}[filenames]


@pytest.mark.parametrize(("filenames", "room", "most"), [("default", 181, 249), ("time", 225, 235)])
def test_the_room_for_an_extension_is_what_the_store_needs(filenames, room, most):
    assert len(name(filenames, room * "x", "UNKNOWN", LONG_UID)) == 255
    assert len(name(filenames, most * "x", "CT", SHORT_UID)) == 255
    for length, notes in ((room, []), (room + 1, [True]), (most, [True]), (most + 1, [False])):
        config = Config(naming={"filenames": filenames, "extension": length * "x"})
        assert [one.note for one in broken_rules(config) if one.key == EXTENSION] == notes


@pytest.mark.parametrize(("sort", "room", "most"), [("study", 236, 236), ("study-uid", 190, 251)])
def test_the_room_for_a_prefix_is_what_the_store_needs(sort, room, most):
    for uid, length in ((LONG_UID, room), (SHORT_UID, most)):
        Naming(sort=Sort(sort), prefix=length * "x").folder(uid, None)
        with pytest.raises(PlaceError):
            Naming(sort=Sort(sort), prefix=(length + 1) * "x").folder(uid, None)
    for length, wrong in ((room, False), (room + 1, True), (most, room != most), (most + 1, True)):
        config = Config(naming={"sort": sort, "prefix": length * "x"})
        notes = [one.note for one in broken_rules(config) if one.key == PREFIX]
        assert notes == ([length <= most] if wrong else [])


ONE_SENDER = "[naming]\nsort = 'study'\n[studies]\nscope = 'daemon'\n[process]\nmax_associations = 1"
ONE_TABLE = "[[peers]]\nnaming = { sort = 'study' }\nstudies = { scope = 'daemon' }"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (ONE_SENDER, []),
        (ONE_SENDER.replace("daemon", "peer").replace("= 1", "= 2"), []),
        (ONE_SENDER.replace("= 1", "= 2"), [("studies", "scope")]),
        (ONE_SENDER.partition("[process]")[0], [("studies", "scope")]),
        (ONE_TABLE, [("peers", 0, "studies", "scope")]),
    ],
)
def test_studies_of_one_sender_at_a_time_beside_many_senders_are_worth_a_note(text, keys):
    found = list(broken_rules(parse(text, "test.toml")))
    assert [(one.key, one.note) for one in found] == [(key, True) for key in keys]


def test_the_place_of_a_rule(problems):
    (problem,) = problems("[storage]\nformat = 'dataset'\n\n[encoding]\npadding = { file = 8 }")
    assert (problem.line, problem.column) == (5, 11)


def test_a_key_that_is_missing_is_told_where_it_is_needed(problems):
    problem = problems("\n[[listeners]]\ntls = true")[0]
    assert (problem.key, problem.line, problem.column) == ("listeners[0].tls", 3, 7)


SERVICE = Environment(service=True)
SPOOL = "[storage]\ndirectory = '/spool'\n"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "storage.directory"),
        ("[storage]\ndirectory = 'spool'", "storage.directory"),
        (SPOOL + "[encoding]\ndictionaries = ['/a', 'b']", "encoding.dictionaries[1]"),
        (SPOOL + TLS.replace("/k", "k"), "tls.key"),
        (SPOOL + TLS + "ca_files = ['a']", "tls.ca_files[0]"),
        (SPOOL + "[access]\nhosts_allow = 'a'", "access.hosts_allow"),
        (SPOOL + "[negotiation]\nprofile_file = 'a'\nprofile = 'p'", "negotiation.profile_file"),
        (SPOOL + "[studies]\nledger = 'a'", "studies.ledger"),
        (SPOOL + "[logging]\ndestination = './a'", "logging.destination"),
        (SPOOL + "[[peers]]\nstorage = { directory = 'ct' }", "peers[0].storage.directory"),
        (SPOOL + TLS + "prompt_password = true", "tls.prompt_password"),
        *((SPOOL + f"[testing]\n{name} = true", f"testing.{name}")
          for name in ("refuse", "ignore", "abort_after", "abort_during")),
        (SPOOL + "[testing]\nsleep_after = 1", "testing.sleep_after"),
        (SPOOL + "[testing]\nsleep_during = 1", "testing.sleep_during"),
    ],
)  # fmt: skip
def test_a_service_cannot_have(text, key, problems):
    assert {problem.key for problem in problems(text, SERVICE)} == {key}
    assert problems(text) == []


@pytest.mark.parametrize(
    "text",
    [
        SPOOL,
        SPOOL + "[testing]\nrefuse = true\nallow_in_service = true",
        SPOOL + "required_file = 'mounted'",
        "[storage]\nurl = 's3://bucket/prefix'",
        SPOOL + TLS.replace("/k", "credential:k"),
        SPOOL + "[studies]\nledger = 'postgresql://h/d'",
    ],
)
def test_a_service_can_have(text, problems):
    assert problems(text, SERVICE) == []


def test_a_daemon_has_no_terminal_but_a_working_directory(problems):
    daemon = Environment(daemon=True)
    assert problems("[storage]\ndirectory = 'spool'", daemon) == []
    assert [problem.key for problem in problems("[testing]\nrefuse = true", daemon)] == ["testing.refuse"]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[naming]\nsort = 'study'\n[studies]\nrename = true", "studies.rename"),
        ("[naming]\nsort = 'study'\n[hooks]\non_end_of_study = 'x'", "hooks.on_end_of_study"),
        ("[[peers]]\nnaming = { sort = 'study' }\nstudies = { rename = true }", "peers[0].studies.rename"),
    ],
)
def test_inetd_ends_with_its_association(text, key, problems):
    assert [problem.key for problem in problems(text, Environment(inetd=True))] == [key]
