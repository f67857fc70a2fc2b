"""What a claim may say: its grammar, and the tree it is read into."""
