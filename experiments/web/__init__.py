"""A recording dropped, picked or spoken in, what models say of it, and why, out: the page of ``spooflab app``."""
