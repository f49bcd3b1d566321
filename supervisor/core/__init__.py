"""Pure decisions: events with their time in them go in, commands come out.

No I/O, no clock, no globals.
"""
