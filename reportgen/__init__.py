"""reportgen: how noisy is this gradient estimator, really, and can I show it?

A declared experiment (YAML) becomes a measured answer and a document.
"""

__version__ = "0.1.0"
