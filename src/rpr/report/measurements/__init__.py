"""How the numbers of the claims are measured from the tables of a run.

Each public function of a module returns a function of the tables, which raises
:class:`rpr.report.measurements.rows.NotMeasured` where a table, or the rows that it needs, are
missing.  ``rows`` is what the others share.
"""
