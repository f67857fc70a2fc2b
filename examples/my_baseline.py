"""Estimators of your own: REINFORCE with a share of the mean of the other samples as its baseline."""

import reportgen


def build(share=1.0):
    """Subtracts `share` times the mean of the other samples' f: nothing at 0, leave-one-out at 1."""

    def estimate(draws, _):
        """One estimate per replicate, from K samples: [I R K] → [I R m]."""
        samples = draws.f.shape[2]
        others = (draws.f.sum(2, keepdim=True) - draws.f) / (samples - 1)
        return ((draws.f - share * others).unsqueeze(-1) * draws.score).mean(2)

    return reportgen.Estimator(name="part", evaluate=estimate, independent=True, min_samples=2)
