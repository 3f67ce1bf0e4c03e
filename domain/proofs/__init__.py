"""What is shown to others: the tree, checkpoints, what others sign of them, and what leaves with a bundle."""
