"""Report: what a run tells its reader.

Here live the rules of a verdict, the claims and how each is measured, published values, summaries
of tables, and the style of figures.  Numbers are measured in :mod:`rpr.studies`; here they are put
into words and drawn.
"""
