"""A trained network in, one with fewer weights out: zeros among them, or channels really gone."""
