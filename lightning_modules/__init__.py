"""A batch of waveforms or features goes in, a score per trial comes out.

Score = logit of bona fide (label 1) minus logit of spoof (label 0): higher means more bona fide, everywhere.
"""
