"""The text of a document: its sections filled in, with formulas, references, numbers and words."""
