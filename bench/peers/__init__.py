"""Plate readers, ours and others', each in a process of its own, to be compared with ours.

Their libraries live in an environment of their own, which nothing of the product ever sees.
"""
