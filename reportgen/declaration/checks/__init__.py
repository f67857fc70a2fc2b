"""What no single field can know: whether the parts of a declaration fit together."""
