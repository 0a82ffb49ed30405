"""The effective configuration as tables that, written as TOML, load again to an equal model."""

from storescpd.config.root import Config

_ONLY_IF_SAID = (("encoding", "compression_level"),)
"""To say these, be it their default, is an error where they have no meaning."""


def tables(config: Config) -> dict[str, object]:
    """Every key with its value, in the file's order; of the peers only what they say. Passwords are in clear."""
    dumped: dict[str, object] = config.model_dump(mode="json", exclude_none=True)
    for name, key in _ONLY_IF_SAID:
        section = dumped[name]
        if isinstance(section, dict) and key not in getattr(config, name).model_fields_set:
            section.pop(key)
    if not config.listeners_given:
        dumped.pop("listeners")
    dumped.pop("peers")
    if config.peers:
        dumped["peers"] = [peer.model_dump(mode="json", exclude_unset=True) for peer in config.peers]
    return dumped
