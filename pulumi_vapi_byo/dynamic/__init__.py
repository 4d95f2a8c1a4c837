"""The first door: resources for Python programs, on Pulumi's dynamic providers."""
