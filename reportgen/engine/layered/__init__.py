"""The layer-by-layer route: gradients that have no small vector behind them."""

from __future__ import annotations
