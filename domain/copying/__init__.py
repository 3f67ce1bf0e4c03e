"""What is to be copied, and the words that the pipeline and the copy engine have for one another."""
