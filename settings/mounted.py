"""Settings from a folder of mounted secrets: a file for each, named like its variable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_settings import SecretsSettingsSource

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic_settings import BaseSettings


class MountedSecrets(SecretsSettingsSource):
    """What the files of a folder say, if there is one; an empty file counts as not there."""

    def __init__(self, settings: type[BaseSettings], folder: str | None) -> None:
        super().__init__(settings, folder)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The file's text, the setting's name, and whether it must be parsed."""
        text, name, is_complex = super().get_field_value(field, field_name)
        return text or None, name, is_complex
