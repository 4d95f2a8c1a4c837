"""What `make` runs: set-up, generated files, the demo, pictures and checks."""
