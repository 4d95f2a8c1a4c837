"""The first door: a Python program's resources, on Pulumi's dynamic providers."""
