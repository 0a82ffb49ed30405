"""The compiled build: with STORESCPD_COMPILED=1 mypyc makes C of what each object passes, and of nothing else.

Without it this file does nothing, and neither mypy nor a C compiler is needed.
"""

import contextlib
import io
import os
import re
import tomllib
from glob import glob
from importlib import metadata

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

COMPILED = (
    "storescpd/wire/*.py",
    "storescpd/association/*.py",
    "storescpd/dataset/*.py",
    "storescpd/store/*.py",
    # Of the worker what runs once a start or a connection stays as it is, as the keeper does: nothing would be gained.
    "storescpd/worker/admission.py",
    "storescpd/worker/answering.py",
    "storescpd/worker/buffers.py",
    "storescpd/worker/clerks.py",
    "storescpd/worker/connection.py",
    "storescpd/worker/desk.py",
    "storescpd/worker/journal.py",
    "storescpd/worker/outcome.py",
    "storescpd/worker/reception.py",
    "storescpd/worker/scoreboard.py",
    "storescpd/worker/session.py",
    "storescpd/worker/tally.py",
    "storescpd/worker/tls_transport.py",
    "storescpd/worker/told.py",
    "storescpd/worker/transport.py",
    "storescpd/studies/journal/blocks.py",
    "storescpd/studies/journal/entries.py",
    "storescpd/studies/journal/errors.py",
    "storescpd/studies/journal/files.py",
    "storescpd/studies/journal/headers.py",
    "storescpd/studies/journal/identity.py",
    "storescpd/studies/journal/segments.py",
    "storescpd/studies/journal/writing.py",
    "storescpd/studies/link.py",
    "storescpd/studies/messages.py",
    "storescpd/studies/pulse.py",
)
OPTIMIZATION = "1"
"""With 2 the compiler takes twice as long, and an object no less."""


def extensions() -> list[Extension]:
    """One library that holds all modules, and for each of them a small one that the import finds."""
    lacking = missing()
    if lacking:
        raise SystemExit(
            f"STORESCPD_COMPILED=1 needs {', '.join(lacking)} in the environment that builds: "
            "pip install '.[dev]', then pip install --no-build-isolation ."
        )
    from mypyc.build import mypycify  # noqa: PLC0415 - the plain build does without

    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            made = mypycify(
                [file for pattern in COMPILED for file in sorted(glob(pattern))],
                opt_level=OPTIMIZATION,
                debug_level="0",
                group_name="storescpd",
            )
    except SystemExit as end:
        # mypyc has said why, and ends with a number.
        raise SystemExit(f"mypyc does not compile it:\n{said.getvalue() or end.code}") from end
    # Most warnings say that the compiled module will do something else than the source.
    if said.getvalue():
        raise SystemExit(said.getvalue())
    return made


def missing() -> list[str]:
    """What mypyc needs and does not find: itself, and whatever the package imports, whose types it reads."""
    with open("pyproject.toml", "rb") as file:
        project = tomllib.load(file)["project"]
    pinned = [wanted for wanted in project["optional-dependencies"]["dev"] if wanted.startswith("mypy")]
    return [wanted for wanted in (*pinned, "setuptools", *project["dependencies"]) if not _is_there(wanted)]


def _is_there(wanted: str) -> bool:
    try:
        metadata.distribution(re.split("[=<>!~ ]", wanted, maxsplit=1)[0])
    except metadata.PackageNotFoundError:
        return False
    return True


class BuildExtensions(build_ext):
    """Several at once, and never beside the sources: there they would win over what is edited later."""

    def finalize_options(self) -> None:
        """As many as there are processors, unless somebody says otherwise."""
        super().finalize_options()
        self.parallel = self.parallel or len(os.sched_getaffinity(0))

    def run(self) -> None:
        """Compile."""
        if self.inplace and self.extensions:
            raise SystemExit("STORESCPD_COMPILED=1 is not for an editable installation; see `make compiled`")
        super().run()


if os.environ.get("STORESCPD_COMPILED") == "1":
    setup(ext_modules=extensions(), cmdclass={"build_ext": BuildExtensions})
else:
    setup()
