"""What must survive: the queue, the log of runs, settings; all in one SQLite file.

Invariant: every function here is a short transaction on one connection; a job that was
accepted is in the file before its client hears so, and only this folder writes SQL.
"""
