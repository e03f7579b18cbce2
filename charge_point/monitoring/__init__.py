"""Monitoring of variables (2.x, N02-N08): what is watched, when an event arises, and how the CSMS is told.

`monitor` decides, without a station; `monitors` watches the station's variables and keeps what is set; `setting` takes
or refuses what the CSMS wants watched; `events` tells it, and keeps for later what may be kept.
"""
