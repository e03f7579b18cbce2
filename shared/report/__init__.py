"""What a run tells about itself: one stream of events, and the reports that are made of it."""
