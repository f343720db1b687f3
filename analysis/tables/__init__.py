"""Tables of any form that users bring: opened, and read as rows of one of our kinds.

What a file holds, what each of its columns is, and which public layout it has. What
rows mean, and what is wrong with them, is said by the rooms of the subjects.
"""
