"""Measures whole commands on the real Pulumi engine; run with ``make bench``."""
