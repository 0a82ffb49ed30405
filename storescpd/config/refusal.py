"""How a value type says what is wrong with a value and what to write instead."""

from pydantic_core import PydanticCustomError


def refusal(message: str, remedy: str) -> PydanticCustomError:
    """An error for pydantic that carries our own words: what is wrong, and what to do."""
    return PydanticCustomError("refusal", "{message}", {"message": message, "remedy": remedy})


def described(value: object) -> str:
    """The TOML type of a value, with its article, for messages such as "must be ..., not a string"."""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return names.get(type(value), "a date or a time")
