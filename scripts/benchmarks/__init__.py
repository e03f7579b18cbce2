"""What `scripts/bench` is made of: one module for each kind of end, one for the measures, one for the table."""
