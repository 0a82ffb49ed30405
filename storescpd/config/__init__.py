"""The configuration: one TOML file in, one frozen model out, errors with their place in the file."""

from storescpd.config.document import DEFAULT_PATH
from storescpd.config.environment import Environment, detected
from storescpd.config.problems import ConfigError, Problem
from storescpd.config.reading import load, parse
from storescpd.config.root import Config

__all__ = ["DEFAULT_PATH", "Config", "ConfigError", "Environment", "Problem", "detected", "load", "parse"]
