"""The layer-by-layer route, for gradients that are not functions of a small vector.

In networks of linear layers each layer is observed, and no replicate's gradient
is stored; any other network is treated as a whole, and its replicates'
gradients are written out.
"""

from __future__ import annotations
