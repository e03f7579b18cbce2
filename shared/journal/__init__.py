"""What crossed the wire, and what there is to say about it."""
