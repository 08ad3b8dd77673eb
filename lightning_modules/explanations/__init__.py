"""A detector and a recording in, why it has its score out."""

from lightning_modules.explanations.explanation import METHODS, Explanation, Method, explain

__all__ = ["METHODS", "Explanation", "Method", "explain"]
