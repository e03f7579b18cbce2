"""DER controls (2.1): what the grid's rules demand of a station.

`control` reads one and says what it makes of the power, `controls` keeps them, begins, ends and follows them.
"""
