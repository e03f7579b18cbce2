"""Scenarios: one language for both roles; see `engine` for how one is played."""
