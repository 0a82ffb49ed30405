"""How values are shown as TOML where that is not what they are."""

from collections.abc import Callable
from typing import Any, cast

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Shown:
    """Annotates a type: pydantic has such serializers too, but they take as long to load as four sections."""

    def __init__(self, show: Callable[[Any], object]) -> None:
        self._show = show

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        serialization = core_schema.plain_serializer_function_ser_schema(self._show, when_used="json")
        cast("dict[str, object]", schema)["serialization"] = serialization
        return schema
