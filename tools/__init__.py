"""What `make` runs: set-up, code generation, the demo, pictures and checks."""
