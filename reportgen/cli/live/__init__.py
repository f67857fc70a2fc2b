"""What a person sees while work is under way, on a terminal and in a log."""
