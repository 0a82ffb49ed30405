"""Single values as TOML, for the texts that are written by hand around them."""

import json
from collections.abc import Mapping, Sequence

from storescpd.config.section import Section


def plain(model: type[Section]) -> dict[str, object]:
    """The defaults of a section, as TOML's types."""
    return model().model_dump(mode="json")


def toml_value(value: object) -> str:
    """A value on one line."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return str(value)
