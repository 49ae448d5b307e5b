"""The command line, one file a command.

Invariant: a command prints results on standard output and everything else on standard error,
and ends with 0 if all is well, 1 if the work failed, 2 if the arguments make no sense.
"""
