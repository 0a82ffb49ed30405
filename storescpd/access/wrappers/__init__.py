"""The access control language of TCP wrappers, hosts_access(5) and hosts_options(5), without its side effects.

libwrap cannot be used: its options run commands and change the calling process, and it is not reentrant. This decides
as it does, but for what would run a command or is not understood: that denies, and says so.
"""

from storescpd.access.wrappers.decision import Verdict, decide, defects
from storescpd.access.wrappers.hosts import Host, Request, RuleError

__all__ = ["Host", "Request", "RuleError", "Verdict", "decide", "defects"]
