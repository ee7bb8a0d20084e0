"""Report: what a run tells its reader.

Here live the claims, how each is measured, and the rules of a verdict; published values; summaries
of tables and of a run; and the look of figures.  Studies measure numbers; the report words and
draws them.
"""

from rpr.errors import require_package

require_package("pandas", extra="plots")
