"""What Vapi has: one module for each kind of resource, the models of both, and their field types."""
