"""Claims: where they are judged, their comparisons, and their verdicts."""
