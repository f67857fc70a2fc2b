"""Tools shared by all figures: sheet, axes, marks, labels, and the table of numbers behind them."""
