"""Read models: what each event changes in the rows of what is known now."""
