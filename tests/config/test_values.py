"""The value types: what they mean, what they refuse, and how they say it."""

import ipaddress

import pytest

from storescpd.config import parse


def value(section, key, literal):
    return getattr(getattr(parse(f"[{section}]\n{key} = {literal}", "x", not_yet=()), section), key)


@pytest.mark.parametrize(
    ("literal", "seconds"),
    [
        ("90", 90), ("0.5", 0.5), ("0", 0), ('"90"', 90), ('"90 s"', 90), ('"90s"', 90), ('"2 min"', 120),
        ('"1 h"', 3600), ('"1.5 h"', 5400), ('"30 days"', 2592000), ('"1 day"', 86400), ('"250 ms"', 0.25),
        ('"2 weeks"', 1209600), ('"1 Hour"', 3600),
    ],
)  # fmt: skip
def test_durations(literal, seconds):
    assert value("association", "idle_timeout", literal) == seconds


@pytest.mark.parametrize(
    "literal",
    [
        "-1", "-0.5", "inf", "nan", "true", '""', '"2 m"', '"1h30"', '"-5 s"', '"1e3"', "[]", "{}", "1e300", '"9e"',
        "12:00:00", '"\\u0661 s"',
    ],
)  # fmt: skip
def test_no_durations(literal, problems):
    (problem,) = problems(f"[association]\nidle_timeout = {literal}")
    assert (problem.line, problem.column, problem.key) == (2, 16, "association.idle_timeout")
    assert '"2 min"' in problem.remedy


def test_the_first_wait_cannot_be_unlimited(problems):
    (problem,) = problems("[association]\nacse_timeout = 0")
    assert "more than 0" in problem.message


@pytest.mark.parametrize(
    ("literal", "size"),
    [
        ("0", 0), ("65536", 65536), ('"64 KiB"', 65536), ('"64KiB"', 65536), ('"1 GiB"', 2**30), ('"1 TiB"', 2**40),
        ('"1 MB"', 10**6), ('"2 GB"', 2 * 10**9), ('"1 kB"', 1000), ('"7 B"', 7), ('"7"', 7), ('"0.5 KiB"', 512),
    ],
)  # fmt: skip
def test_sizes(literal, size):
    assert value("storage", "min_free", literal) == size


@pytest.mark.parametrize(
    "literal", ["-1", "1.5", "true", '"one"', '"-1 KiB"', "[]", "9223372036854775808", '"9999999 TiB"']
)
def test_no_sizes(literal, problems):
    (problem,) = problems(f"[storage]\nmin_free = {literal}")
    assert problem.key == "storage.min_free"
    assert '"64 KiB"' in problem.remedy


@pytest.mark.parametrize(
    ("key", "literal", "mode"),
    [
        ("file_mode", '"0640"', 0o640), ("file_mode", '"640"', 0o640), ("file_mode", '"0440"', 0o440),
        ("directory_mode", '"2750"', 0o2750), ("directory_mode", '"0700"', 0o700),
    ],
)  # fmt: skip
def test_modes(key, literal, mode):
    assert value("storage", key, literal) == mode


@pytest.mark.parametrize(
    ("key", "literal"),
    [
        ("file_mode", "0o640"), ("file_mode", "640"), ("file_mode", '"rw-r-----"'), ("file_mode", '"0940"'),
        ("file_mode", '"4755"'), ("file_mode", '"0040"'), ("directory_mode", '"0550"'), ("directory_mode", '"77777"'),
        ("directory_mode", '"75"'),
    ],
)  # fmt: skip
def test_no_modes(key, literal, problems):
    (problem,) = problems(f"[storage]\n{key} = {literal}")
    assert problem.key == f"storage.{key}"


@pytest.mark.parametrize("literal", ['"0077"', '"0022"', '"000"'])
def test_umask(literal):
    assert value("process", "umask", literal) == int(literal.strip('"'), 8)


@pytest.mark.parametrize("literal", ['"0777"', '"0400"', '"0111"', '"0177"', '"1022"', "18"])
def test_no_umask(literal, problems):
    assert [problem.key for problem in problems(f"[process]\numask = {literal}")] == ["process.umask"]


@pytest.mark.parametrize(
    ("section", "key", "literal"),
    [
        ("storage", "bit_preserving", '"yes"'), ("storage", "bit_preserving", "1"), ("hooks", "retries", '"5"'),
        ("process", "max_associations", "5.0"), ("process", "max_associations", "true"), ("storage", "directory", "5"),
        ("association", "ae_title", "[]"), ("access", "allow", '"10.0.0.0/8"'), ("encoding", "padding", "5"),
        ("negotiation", "profiles", "[]"), ("hooks", "on_reception", "5"), ("hooks", "on_reception", '["a", 5]'),
        ("process", "workers", '"two"'), ("process", "workers", "0"), ("process", "workers", "true"),
        ("process", "workers", "1.0"), ("storage", "durability", "true"), ("storage", "group", "1979-05-27"),
    ],
)  # fmt: skip
def test_types_are_strict(section, key, literal, problems):
    (problem,) = problems(f"[{section}]\n{key} = {literal}")
    assert (problem.line, problem.column) == (2, len(key) + 4)
    assert problem.key.startswith(f"{section}.{key}")
    assert "Input should" not in str(problem)


@pytest.mark.parametrize(
    ("section", "key", "least", "most"),
    [
        ("association", "max_pdu", 4096, 131072), ("encoding", "compression_level", 0, 9),
        ("process", "max_associations", 1, 10**6), ("process", "max_connections", 1, 10**6),
        ("process", "workers", 1, 1024), ("hooks", "concurrency", 0, 10**4), ("hooks", "retries", 0, 10**6),
    ],
)  # fmt: skip
def test_bounds(section, key, least, most, problems):
    assert problems(f"[{section}]\n{key} = {least}") == []
    assert len(problems(f"[{section}]\n{key} = {least - 1}")) == 1
    if most is not None:
        assert problems(f"[{section}]\n{key} = {most}") == []
        assert len(problems(f"[{section}]\n{key} = {most + 1}")) == 1


@pytest.mark.parametrize("port", [0, 104, 65535])
def test_ports(port, problems):
    assert problems(f"[[listeners]]\nport = {port}") == []


@pytest.mark.parametrize("port", ["-1", "65536", '"104"'])
def test_no_ports(port, problems):
    (problem,) = problems(f"[[listeners]]\nport = {port}")
    assert problem.key == "listeners[0].port"


def test_ae_titles():
    assert value("association", "ae_title", '" ARCHIVE "') == "ARCHIVE"
    assert value("association", "ae_title", '"A B-c.d_16 chars"') == "A B-c.d_16 chars"


@pytest.mark.parametrize(
    "literal", ['""', '"   "', '"SEVENTEEN LETTERS"', "'A\\B'", '"A\\tB"', '"Röntgen"', '"\\u0000"']
)
def test_no_ae_titles(literal, problems):
    assert [problem.key for problem in problems(f"[association]\nae_title = {literal}")] == ["association.ae_title"]


@pytest.mark.parametrize("literal", ['""', '" CT*"', '"CT\\n"'])
def test_no_patterns(literal, problems):
    (problem,) = problems(f'[association]\ncalling_ae_titles = ["MR?", {literal}]')
    assert problem.key == "association.calling_ae_titles[1]"
    assert (problem.line, problem.column) == (2, 29)


def test_networks():
    assert value("access", "allow", '["10.0.0.0/8", "192.0.2.7", "fd00::/8"]') == (
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("192.0.2.7/32"),
        ipaddress.ip_network("fd00::/8"),
    )


def test_host_bits(problems):
    (problem,) = problems('[access]\ndeny = ["10.1.2.3/8"]')
    assert 'write "10.0.0.0/8"' in problem.remedy


@pytest.mark.parametrize(
    ("literal", "written"),
    [("::ffff:10.1.2.0/120", "10.1.2.0/24"), ("::ffff:a01:203", "10.1.2.3/32"), ("::ffff:0:0/96", "0.0.0.0/0")],
)
def test_what_would_deny_nobody(literal, written, problems):
    """Addresses are compared as the ones that they are."""
    (problem,) = problems(f'[access]\ndeny = ["{literal}"]')
    assert f'write "{written}"' in problem.remedy


@pytest.mark.parametrize("literal", ['"ten"', '"10.0.0.0/33"', '""', "5", '"10.0.0.0/8 "', '"example.org"'])
def test_no_networks(literal, problems):
    assert [problem.key for problem in problems(f"[access]\ndeny = [{literal}]")] == ["access.deny[0]"]


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "::1", "127.0.0.1", "localhost", "pacs-1.example.org", "fe80::1%eth0"]
)
def test_hosts(host, problems):
    assert problems(f'[[listeners]]\naddress = "{host}"') == []


@pytest.mark.parametrize("host", ["", "*", "[::1]", "1.2.3", "256.1.1.1", "a b", "-a", "a..b", "host:104", "a" * 64])
def test_no_hosts(host, problems):
    assert [problem.key for problem in problems(f'[[listeners]]\naddress = "{host}"')] == ["listeners[0].address"]


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9104", "[::1]:9104", "localhost:0"])
def test_endpoints(endpoint, problems):
    assert problems(f'[metrics]\naddress = "{endpoint}"') == []


@pytest.mark.parametrize(
    "endpoint", ["9104", ":9104", "127.0.0.1", "::1:9104", "127.0.0.1:65536", "127.0.0.1:http", "a:"]
)
def test_no_endpoints(endpoint, problems):
    assert [problem.key for problem in problems(f'[metrics]\naddress = "{endpoint}"')] == ["metrics.address"]


@pytest.mark.parametrize("uid", ["", "1.", "1..2", "1.02", "a.b", "1.2 ", "1" * 65])
def test_no_uids(uid, problems):
    (problem,) = problems(f'[negotiation]\nextra_sop_classes = ["{uid}"]')
    assert problem.key == "negotiation.extra_sop_classes[0]"


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "s3://bucket", "s3://my.bucket-1/a/b"])
def test_object_stores(url, problems):
    assert problems(f'[storage]\nurl = "{url}"') == []


@pytest.mark.parametrize(
    "url", ["bucket", "http://bucket/x", "s3://", "s3:///x", "s3://UPPER/x", "s3://key:secret@bucket/x", "s3://b/x?y=z"]
)
def test_no_object_stores(url, problems):
    (problem,) = problems(f'[storage]\nurl = "{url}"')
    assert problem.key == "storage.url"
    assert "secret" not in str(problem)


@pytest.mark.parametrize(
    "ledger", ["/var/lib/x/ledger", "postgresql://user@host/db", "postgres://h:5432/db?sslmode=require"]
)
def test_ledgers(ledger, problems):
    assert problems(f'[studies]\nledger = "{ledger}"') == []


@pytest.mark.parametrize(
    "ledger", ["postgresql://host", "postgresql://host/", "postgresql://h:port/db", "mysql://h/db"]
)
def test_no_ledgers(ledger, problems):
    assert [problem.key for problem in problems(f'[studies]\nledger = "{ledger}"')] == ["studies.ledger"]


@pytest.mark.parametrize(
    ("section", "key", "literal"),
    [
        ("storage", "directory", '""'), ("storage", "directory", '"~/spool"'), ("storage", "required_file", '"/x"'),
        ("storage", "required_file", '"../x"'), ("naming", "extension", '"/x"'), ("naming", "extension", '"\\n"'),
        ("tls", "key", '"credential:"'), ("tls", "key", '"credential:a/b"'), ("logging", "destination", '"journal"'),
        ("access", "daemon_name", '""'), ("access", "daemon_name", '"a b"'), ("hooks", "on_reception", "[]"),
        ("hooks", "on_reception", '[""]'), ("hooks", "on_reception", '" "'), ("hooks", "on_reception", '"a\\u0000"'),
    ],
)  # fmt: skip
def test_texts_that_are_refused(section, key, literal, problems):
    assert f"{section}.{key}" in [problem.key for problem in problems(f"[{section}]\n{key} = {literal}")]


def test_commands():
    assert value("hooks", "on_reception", '"cp #p/#f /x"') == "cp #p/#f /x"
    assert value("hooks", "on_reception", '["/bin/cp", "#p/#f", " "]') == ("/bin/cp", "#p/#f", " ")


def test_two_listener_names(problems):
    (problem,) = problems('[[listeners]]\nname = "a:b"')
    assert problem.key == "listeners[0].name"
