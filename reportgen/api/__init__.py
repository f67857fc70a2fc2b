"""reportgen from Python: load an experiment and run it, or measure one model in a notebook cell.

The names are offered by the package itself, `reportgen.load`, `reportgen.run`,
`reportgen.measure`, each fetched when it is first asked for.
"""
