"""[metrics]: numbers for monitoring."""

from storescpd.config.addresses import Endpoint
from storescpd.config.section import Section, setting


class Metrics(Section):
    """Numbers for monitoring, over HTTP."""

    address: Endpoint = setting("", 'such as "127.0.0.1:9104": serves /metrics and /healthz there; empty: off')
