"""Tables of the truth: every row of the table against mpmath, over the whole range of floats.

`points.py` draws the points, `truth.py` and `lists.py` state what a row is, its first and
second derivatives, derived by hand and computed with at least 77 digits, `rounding.py`
rounds to the nearest float, and `tables.py` writes all of it to tables.npz.
`edges.py` holds, by hand, what no arithmetic decides: kinks, poles, infinities, nan.
`errors.py` measures the engine against both. Run `python -m tests.accuracy` to make the
tables again; a test makes a sample of them again at every run.
"""
