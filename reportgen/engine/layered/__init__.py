"""The layer-by-layer route: gradients that have no small vector behind them.

Linear layers are seen one by one and no replicate's gradient is kept; a
network of any other kind is seen as one, and has them written out.
"""

from __future__ import annotations
