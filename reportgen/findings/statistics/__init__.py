"""Statistics of measured arms, each with its interval."""
