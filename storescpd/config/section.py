"""What every section of the configuration is made of: frozen models, strict types, keys that know their own help."""

from typing import NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class About(NamedTuple):
    """What the reference says about one key besides its name, type and default."""

    help: str
    """One line, a phrase without a full stop."""
    unit: str = ""
    option: str = ""
    """The storescp option that the key stands for."""
    shown: str = ""
    """The default as TOML, where it is not simply the value (``"1 GiB"``)."""
    example: bool = False
    """``shown`` is an example: the key has no default."""


class Section(BaseModel):
    """One table of the file. Values are checked one by one here; what concerns several keys is in ``rules``."""

    # What validates a section is built when a file has it: inetd starts a process for each association.
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)

    @classmethod
    def standard(cls) -> Self:
        """The section as it is where the file says nothing of it."""
        return cls.model_construct()


def setting(
    default: T,
    text: str,
    *,
    unit: str = "",
    option: str = "",
    shown: str = "",
    example: bool = False,
    ge: int | None = None,
    le: int | None = None,
    private: bool = False,
) -> T:
    """Declare a key: its default, its help, its bounds; ``private`` keeps its value out of the model's repr."""
    field: T = Field(
        default=default,
        description=text,
        json_schema_extra={"unit": unit, "option": option, "shown": shown, "example": example},
        ge=ge,
        le=le,
        repr=not private,
    )
    return field


def about(section: type[Section], name: str) -> About:
    """The help of one key; a key declared without ``setting`` has none."""
    field = section.model_fields[name]
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return About(
        field.description or "",
        unit=str(extra.get("unit", "")),
        option=str(extra.get("option", "")),
        shown=str(extra.get("shown", "")),
        example=bool(extra.get("example", False)),
    )


def changed(section: Section) -> list[str]:
    """The keys whose value is not the default, in the section's order."""
    fields, said = type(section).model_fields.items(), section.model_fields_set
    return [name for name, field in fields if name in said and getattr(section, name) != field.default]
