"""The conversations: raw bytes by name, sent in order; a script waits for answers where it says so."""

from tests.conversation import exchanges, requests
from tests.conversation.player import Scripts

SCRIPTS: Scripts = {
    **requests.FIRST,
    **requests.VERSIONS,
    **requests.ITEMS,
    **requests.CONTEXTS,
    **requests.TITLES,
    **requests.SUB_ITEMS,
    **exchanges.COMMANDS,
    **exchanges.FRAGMENTS,
    **exchanges.ENDINGS,
}
"""What depends on the protocol alone."""

STORING: Scripts = exchanges.DATA_SETS
"""What depends on the data set, when it is not stored as received (storescp facts 4.8, 5.1)."""
