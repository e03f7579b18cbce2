"""DER controls (2.1): what the grid's rules demand of a station.

`control` reads one, `controls` keeps them, begins and ends them; `response` says what they ask for at a frequency and
a voltage (pure), and `following` does that at each EVSE that supports them: limits, ramps, trips. `inverter` sets the
reactive power, `voltage` knows what the grid was like, `alarms` tells the CSMS.
"""
