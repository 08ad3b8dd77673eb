"""Scores, labels and attacks in, numbers that the field agrees on out: plain numpy functions, and torchmetrics shells.

Everywhere a score is higher the more bona fide a trial seems, label 1 is bona fide and label 0 is spoof.
"""
