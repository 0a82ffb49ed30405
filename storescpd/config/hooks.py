"""[hooks]: commands that run when something has arrived."""

from storescpd.config.quantities import Duration
from storescpd.config.section import Section, setting
from storescpd.config.texts import Command


class Hooks(Section):
    """Commands. A string is run by /bin/sh, a list without a shell.

    #p #f #a #c #r stand for directory, file, calling title, called title, peer.
    """

    on_reception: Command = setting("", "run for each stored object", option="-xcr")
    on_end_of_study: Command = setting("", "run for each complete study; needs naming.sort; knows no #f", option="-xcs")
    synchronous: bool = setting(default=False, text="the next command of that association waits for it", option="-xs")
    concurrency: int = setting(
        4, "commands at once; those of one study run one after another; 0: unlimited", ge=0, le=10_000
    )
    timeout: Duration = setting(3600.0, "then the command and all its children are ended; 0: unlimited", unit="s")
    retries: int = setting(0, "times that a failed command is run again, with growing pauses", ge=0, le=1_000_000)
    inherit_environment: bool = setting(default=False, text="pass the daemon's environment on")
    inherit_output: bool = setting(
        default=False, text="commands write to the daemon's standard output and error, not to its log"
    )
