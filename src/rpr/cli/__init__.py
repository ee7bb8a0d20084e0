"""The command line ``rpr``: files in, the library at work, files and tables out.

One module a command.  It provides ``add_parser(subparsers)``, which says what the command takes,
and ``run(args)``, which returns the exit status or None for success; its name stands in
:data:`rpr.cli.main.COMMANDS`.  A command checks its options, calls the library and prints; it
holds no numerical code.  Results go to standard output, progress and notes to standard error.
Nothing heavier than argparse is imported with a module, so that ``rpr --help`` answers at once:
what a command needs is imported in ``run``.
"""
