"""The mutation test of the table: every rule, made wrong on purpose, must turn a test red.

A mutant is one small change: a sign flipped, a factor dropped, two arguments swapped, a
constant moved, + and - exchanged, an edge taken away. It counts only where it gives other
numbers than the table does; a test must then fail. Run `python -m tests.mutation`.
"""
