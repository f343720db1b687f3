"""How the demo is made: pairs, questions, training, study; nothing here runs when the
program is used.
"""
