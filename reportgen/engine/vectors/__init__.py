"""The route for estimates that are vectors in η (or in a small θ): full moments, and J applied exactly."""
