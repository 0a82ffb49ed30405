"""Texts that are not TOML: what is wrong with each statement, said to people, and what the rest says."""
