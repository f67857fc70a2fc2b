"""reportgen from Python: load an experiment and run it, or measure a model or gradients in a notebook cell.

The package itself offers these functions as `reportgen.load`, `reportgen.run`,
`reportgen.measure` and `reportgen.measure_gradients`, each imported on first use.
"""
