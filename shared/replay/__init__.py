"""Conversations that were recorded: read from journals and foreign logs, compared, and played again."""
