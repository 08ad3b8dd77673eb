"""Scores become evidence, evidence becomes a registered model: training, evaluation, promotion, serving."""
