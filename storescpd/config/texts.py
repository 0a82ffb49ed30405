"""Value types made of text: titles, patterns, paths, names, UIDs, commands, secrets."""

import re
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, PlainValidator, SecretStr

from storescpd.config.refusal import described, refusal
from storescpd.config.shown import Shown
from storescpd.data.limits import AE_TITLE_LENGTH

T = TypeVar("T")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UID = r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*"

CREDENTIAL = "credential:"
"""Prefix of a path that names a file in systemd's credentials directory."""

UID_LENGTH = 64


def without_controls(value: str) -> str:
    """Any text on one line."""
    if _CONTROL.search(value):
        raise refusal("contains a control character", "write printable characters only")
    return value


def parse_ae_title(value: str) -> str:
    """An application entity title (PS3.5 6.2, VR AE); blanks around it do not count."""
    title = value.strip(" ")
    if not title:
        raise refusal("an AE title cannot be empty", 'write 1 to 16 characters, such as "STORESCP"')
    if len(title) > AE_TITLE_LENGTH:
        raise refusal(f'"{title}" has {len(title)} characters', "an AE title has 16 at most")
    if not title.isascii() or "\\" in title or _CONTROL.search(title):
        raise refusal(
            f'"{title}" has characters that an AE title cannot have', "write printable ASCII without backslashes"
        )
    return title


def parse_pattern(value: str) -> str:
    """A shell pattern for titles; titles are compared without the blanks around them."""
    without_controls(value)
    if not value.strip(" "):
        raise refusal("an empty pattern matches no title", 'write a title or a pattern such as "CT*"')
    if value != value.strip(" "):
        raise refusal(f'"{value}" never matches: titles are compared without blanks around them', "remove the blanks")
    return value


def parse_path(value: str) -> str:
    """A path in the file system, absolute or relative; ``~`` is the shell's and means nothing here."""
    if "\0" in value:
        raise refusal("a path cannot contain a NUL", "remove it")
    if value == "~" or value.startswith("~/"):
        raise refusal(f'"{value}": ~ is not replaced by a home directory here', "write the whole path")
    return value


def parse_required_path(value: str) -> str:
    """A path that cannot be left out."""
    if not value:
        raise refusal("a path is needed", 'write one, such as "/srv/dicom"')
    return parse_path(value)


def parse_inside_path(value: str) -> str:
    """A relative path that does not climb out of its directory."""
    if value.startswith("/") or ".." in value.split("/"):
        raise refusal(f'"{value}" does not lie inside the directory', 'write a relative path, such as ".mounted"')
    return parse_path(value)


def parse_credential_path(value: str) -> str:
    """A path, or ``credential:NAME``."""
    if not value.startswith(CREDENTIAL):
        return parse_path(value)
    name = value.removeprefix(CREDENTIAL)
    if not name or "/" in name or name in {".", ".."} or _CONTROL.search(name):
        raise refusal(f'"{value}" does not name a credential', 'write "credential:" and the name in LoadCredential=')
    return value


def parse_name_part(value: str) -> str:
    """Text that becomes part of a file's or a directory's name."""
    if "/" in value:
        raise refusal(f'"{value}" contains a slash', "a part of a file name cannot; set storage.directory instead")
    return without_controls(value)


def parse_word(value: str) -> str:
    """A name without blanks."""
    if not value or re.search(r"\s", value):
        raise refusal(f'"{value}" is not a name', "write one word without blanks")
    return without_controls(value)


def parse_socket_name(value: str) -> str:
    """A listener's name, also systemd's FileDescriptorName: printable ASCII without colons (sd_listen_fds(3))."""
    if not value.isascii() or ":" in value or len(value) > 255:
        raise refusal(f'"{value}" cannot name a listener', "write up to 255 ASCII characters without colons")
    return parse_word(value)


def parse_uid(value: str) -> str:
    """A unique identifier (PS3.5 chapter 9)."""
    if len(value) > UID_LENGTH:
        raise refusal(f'"{value}" has {len(value)} characters', "a UID has 64 at most")
    if not re.fullmatch(_UID, value):
        raise refusal(f'"{value}" is not a UID', 'write numbers joined by dots, such as "1.2.840.10008.5.1.4.1.1.2"')
    return value


def is_uid(value: str) -> bool:
    """Whether the configuration takes it for a unique identifier."""
    return len(value) <= UID_LENGTH and re.fullmatch(_UID, value) is not None


def parse_workers(value: object) -> int | Literal["auto"]:
    """How many processes receive."""
    if value == "auto":
        return "auto"
    if isinstance(value, str) and (value.isdecimal() or value.lower() == "auto"):
        remedy = f"write {int(value)}, without quotes" if value.isdecimal() else 'write "auto"'
        raise refusal(f'"{value}" is not a number of workers', remedy)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024:
        return value
    raise refusal(
        'must be "auto" or a whole number from 1 to 1024', 'write "auto" for one worker a processor, 8 at most'
    )


def parse_command(value: object) -> str | tuple[str, ...]:
    """A hook: a line for the shell, or the words of a command; empty is none."""
    if isinstance(value, str):
        if value and not value.strip():
            raise refusal("a command of blanks does nothing", 'write "" for no command')
        return _whole_command(value)
    if isinstance(value, list) and not all(isinstance(word, str) for word in value):
        raise refusal("a word of this command is not text", 'put each in quotes: ["program", "5"]')
    if not isinstance(value, list | tuple):
        raise refusal(
            f"must be a string or a list of strings, not {described(value)}",
            'write a line for the shell, or ["program", "argument"]',
        )
    if not value or not value[0]:
        raise refusal("a command without a program", 'write "" for no command, or ["/path/of/program", "argument"]')
    return tuple(_whole_command(word) for word in value)


def _whole_command(text: str) -> str:
    if "\0" in text:
        raise refusal("a command cannot contain a NUL", "remove it")
    return text


def as_words(command: str | tuple[str, ...]) -> str | list[str]:
    """A command as TOML shows it."""
    return command if isinstance(command, str) else list(command)


def revealed(secret: SecretStr) -> str:
    """A secret in clear, for the dump of a configuration, which must load again."""
    return secret.get_secret_value()


Text = Annotated[str, AfterValidator(without_controls)]
AETitle = Annotated[str, AfterValidator(parse_ae_title)]
Pattern = Annotated[str, AfterValidator(parse_pattern)]
OptionalPath = Annotated[str, AfterValidator(parse_path)]
"""A path; empty is none."""
InsidePath = Annotated[str, AfterValidator(parse_inside_path)]
"""A relative path that stays where it begins; empty is none."""
RequiredPath = Annotated[str, AfterValidator(parse_required_path)]
CredentialPath = Annotated[str, AfterValidator(parse_credential_path)]
"""A path or ``credential:NAME``; empty is none."""
NamePart = Annotated[str, AfterValidator(parse_name_part)]
Word = Annotated[str, AfterValidator(parse_word)]
SocketName = Annotated[str, AfterValidator(parse_socket_name)]
Uid = Annotated[str, AfterValidator(parse_uid)]
Workers = Annotated[int | Literal["auto"], PlainValidator(parse_workers)]
Command = Annotated[str | tuple[str, ...], PlainValidator(parse_command), Shown(as_words)]
Secret = Annotated[SecretStr, Shown(revealed)]

Several = Annotated[tuple[T, ...], Field(strict=False)]
"""A list in the file; strict tuples would refuse it."""
