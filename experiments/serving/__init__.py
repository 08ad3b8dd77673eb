"""Requests with raw audio in, scores and decisions out: the HTTP endpoint behind ``spooflab serve``."""
