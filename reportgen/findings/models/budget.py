"""How long a model was trained, and how long the published ones were."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen.datasets import DATASETS
from reportgen.plan import TrainingCell


@dataclass(frozen=True)
class Budget:
    """Training effort, including that of trainings that it continues."""

    epochs: int
    updates: int | None
    """Steps of the optimiser; None if the number of training images is not known."""
    published: int | None
    """Epochs of the published models, if declared."""

    @property
    def shortened(self) -> bool:
        """Whether these are fewer epochs than the published models had."""
        return self.published is not None and self.epochs < self.published


def budget(cell: TrainingCell, checkpoint: int, published: int | None) -> Budget:
    """The training effort behind the parameters at a checkpoint."""
    known = DATASETS.get(str(cell.problem.get("data", "")))
    stages = [(checkpoint, cell.train)]
    before = cell.train["after"]
    while before is not None:
        stages.append((int(before["epochs"]), before))
        before = before["after"]
    updates = None
    if known is not None:
        updates = sum(epochs * -(-known.counts[0] // int(train["batch_size"])) for epochs, train in stages)
    return Budget(sum(epochs for epochs, _ in stages), updates, published)
