"""Studies: the keeper process with its ledger, and the workers' way to it.

The keeper alone writes the ledger. Workers ask it for directories and tell it what they have stored, and answer their
peers once it has acknowledged that. It ends studies, renames their files and runs hooks.
"""
