"""How all that ships is made: the demo, the real study, checks of texts; nothing here runs
when the program is used.
"""
