"""Whether a private key needs a password: storescp asks for one only then."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from storescpd.cli.storescp.line import Line
from storescpd.config import Config

_LARGEST = 1 << 20
"""Bytes of a key file; a key of 16,384 bits has 13 thousand."""


def with_prompt(config: Config, line: Line) -> Config:
    """The configuration that asks on the terminal if, and only if, somebody has to."""
    given = line.has("--use-passwd") or line.has("--null-passwd")
    asks = line.has("--enable-tls") and not given and _is_encrypted(config.tls.key, config.tls.file_format)
    return config.model_copy(update={"tls": config.tls.model_copy(update={"prompt_password": asks})})


def _is_encrypted(path: str, form: str) -> bool:
    load = serialization.load_der_private_key if form == "der" else serialization.load_pem_private_key
    try:
        with open(path, "rb") as file:
            load(file.read(_LARGEST), None)
    except TypeError:
        return True
    except (OSError, ValueError, UnsupportedAlgorithm):
        # The start will tell what is wrong with it.
        return False
    return False
