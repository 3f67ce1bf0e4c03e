"""What a chain of custody is: values, events, aggregates and proofs; pure, standard library only."""
