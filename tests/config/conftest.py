import os
import pickle

import pytest
from hypothesis import HealthCheck, settings

from storescpd.cli.check import problems_of
from storescpd.config import ConfigError, Environment, parse
from storescpd.config.passed import Kind, PassedSocket

# The machine may have other work: slowness alone is no failure.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

NOBODY = 65534
PASSED = Environment(passed_sockets=(PassedSocket("dicom", 3, Kind.LISTENING, "0.0.0.0", 11112),))
"""The port is no matter then."""


@pytest.fixture
def problems():
    """The problems of a text, all keys being available."""

    def find(text, environment=None, not_yet=()):
        try:
            parse(text, "test.toml", environment or Environment(), not_yet)
        except ConfigError as error:
            return list(error.problems)
        return []

    return find


@pytest.fixture
def check(tmp_path):
    """What a text leads to on this machine; SPOOL in it is a directory that is there."""
    spool = tmp_path / "spool"
    spool.mkdir()
    spool.chmod(0o777)

    def run(text, environment=PASSED):
        path = tmp_path / "storescpd.toml"
        path.write_text(text.replace("SPOOL", str(spool)))
        return problems_of(path, environment, not_yet=())

    run.spool = spool
    return run


@pytest.fixture
def check_as_nobody(check):
    """The same in a child without rights: keys, texts, and whether they are notes."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    _open_way(check.spool)

    def run(*arguments):
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(write_end, _answer(check, arguments))
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            answer = pickle.loads(pipe.read())
        os.waitpid(pid, 0)
        return answer

    return run


def _answer(check, arguments):
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        return pickle.dumps([(one.key, str(one), one.note) for one in check(*arguments)])
    except BaseException as error:  # noqa: BLE001
        return pickle.dumps([("failed", repr(error), False)])


def _open_way(path):
    """Let others reach a directory under pytest's private ones."""
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o055 != 0o055:
            folder.chmod(folder.stat().st_mode | 0o055)
    (path.parent / "storescpd.toml").touch(0o644)
    os.chown(path.parent / "storescpd.toml", NOBODY, NOBODY)
