"""Whether labelled frames are plausible: units, orders, and quantities that belong together.

Each check takes frames and returns a :class:`~rpr.data.consistency.finding.Finding`;
:func:`rpr.data.consistency.battery.check_frames` runs them all.  Checks rely on physics that holds
for any molecule near its minima and need no labels of another origin.
"""
