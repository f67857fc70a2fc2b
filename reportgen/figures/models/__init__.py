"""Figures of trained models: how they learned, how good they are, what they draw."""
