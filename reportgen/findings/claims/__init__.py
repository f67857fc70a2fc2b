"""Claims: where they are judged, the comparisons they are made of, and their verdicts."""
