"""Training a model, and storing its parameters at the declared epochs."""

from __future__ import annotations

from reportgen.training.checkpoints import epoch_reached, forget_state, load_checkpoint
from reportgen.training.fit import TrainProgress, train

__all__ = ["TrainProgress", "epoch_reached", "forget_state", "load_checkpoint", "train"]
