"""Replicates that are vectors in the space of η (or of a small θ): all their moments, and J exactly."""
