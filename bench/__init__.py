"""Repeatable measurements: ``python -m bench`` runs them and writes ``bench/results.md``.

Each module has ``measure()``, which returns rows. A row states what was measured, the goal or
physical limit, and the median with its spread; rows that miss their goal stay in the table.
"""
