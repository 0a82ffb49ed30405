"""[[peers]]: merged key by key, and valid as a whole."""

import pytest

from storescpd.config import parse

TEXT = """
[storage]
directory = "/srv"
min_free = 5
[naming]
sort = "study"
prefix = "A"
[association]
idle_timeout = 100
socket_timeout = 7

[[peers]]
calling_ae_title = "CT*"
storage = { directory = "/srv/ct" }
association = { idle_timeout = 9 }
[[peers]]
calling_ae_title = "MR*"
naming.prefix = ""
[peers.encoding]
padding.item = 8
"""


def test_merging():
    config = parse(TEXT, "x", not_yet=())
    ct, mr = config.for_peer(0), config.for_peer(1)
    assert (ct.storage.directory, ct.storage.min_free) == ("/srv/ct", 5)
    assert (ct.association.idle_timeout, ct.association.socket_timeout) == (9, 7)
    assert ct.naming == config.naming
    assert mr.storage == config.storage
    assert (mr.naming.sort, mr.naming.prefix) == ("study", "")
    assert (mr.encoding.padding.item, mr.encoding.padding.file) == (8, 0)
    assert (config.storage.directory, config.association.idle_timeout) == ("/srv", 100)


def test_a_default_overrides_too():
    config = parse(
        "[storage]\non_duplicate = 'keep'\n[[peers]]\nstorage = { on_duplicate = 'overwrite' }", "x", not_yet=()
    )
    assert config.for_peer(0).storage.on_duplicate == "overwrite"


@pytest.mark.parametrize(
    ("text", "key", "line", "message"),
    [
        # The peer's own key is at fault.
        ("[naming]\nsort = 'study'\n[[peers]]\nstorage = { bit_preserving = true }",
         "peers[0].storage.bit_preserving", 4, "naming.sort: does not go with storage.bit_preserving = true"),
        ("[storage]\nbit_preserving = true\n[[peers]]\nlistener = 'dicom'\n[[peers]]\nencoding = { new_vr = false }",
         "peers[1].encoding.new_vr", 6, "does not go with storage.bit_preserving = true"),
        # What a peer's own table says must be of use to it.
        ("[naming]\nsort = 'study'\n[[peers]]\nnaming = { sort = 'none' }\nstudies = { rename = true }",
         "peers[0].studies.rename", 5, 'has no meaning with naming.sort = "none"'),
        ("[[peers]]\nhooks = { on_end_of_study = 'x' }",
         "peers[0].hooks.on_end_of_study", 2, 'has no meaning with naming.sort = "none"'),
        ("[naming]\nsort = 'study'\n[[peers]]\nnaming = { sort = 'patient-name', prefix = 'P' }",
         "peers[0].naming.prefix", 4, 'has no meaning with naming.sort = "patient-name"'),
        # What is said for all must be of use to somebody, who does not say it otherwise.
        ("[studies]\nrename = true\n[[peers]]\nnaming = { sort = 'study' }\nstudies = { rename = false }",
         "studies.rename", 2, 'has no meaning with naming.sort = "none"'),
        # What the file says for all no longer fits.
        ("[negotiation]\nprefer = 'all'\n[[peers]]\nencoding = { transfer_syntax = 'implicit' }",
         "peers[0].encoding.transfer_syntax", 4, "compressed objects cannot be converted"),
    ],
)  # fmt: skip
def test_each_result_is_checked(text, key, line, message, problems):
    (problem,) = problems(text)
    assert (problem.key, problem.line) == (key, line)
    assert message in problem.message


FOR_ALL = (
    "[studies]\nend_of_study_timeout = 120\n",
    "[studies]\nrename = true\nscope = 'peer'\n",
    "[hooks]\non_end_of_study = 'x'\n",
    "[naming]\nprefix = 'P'\n",
)


@pytest.mark.parametrize("said", FOR_ALL)
@pytest.mark.parametrize(
    ("general", "peer"),
    [("study", "none"), ("study", "patient-name"), ("none", "study"), ("patient-name", "study-uid")],
)
def test_what_is_said_for_all_is_for_those_whom_it_concerns(said, general, peer, problems):
    sort = f"sort = '{general}'\n"
    text = said + sort if "[naming]" in said else f"{said}[naming]\n{sort}"
    assert problems(f"{text}[[peers]]\ncalling_ae_title = 'CT*'\nnaming = {{ sort = '{peer}' }}") == []


def test_what_is_wrong_for_all_is_told_once(problems):
    text = "[studies]\nrename = true\n[[peers]]\nlistener = 'dicom'\n[[peers]]\nstorage = { group = 'x' }"
    assert [problem.key for problem in problems(text)] == ["studies.rename"]
