"""Tools of every figure: sheet, axes, ink, labels, and the numbers behind the ink."""
