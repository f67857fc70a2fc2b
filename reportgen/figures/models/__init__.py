"""Figures of trained models: how they learned, how good they are, and what they generate."""
