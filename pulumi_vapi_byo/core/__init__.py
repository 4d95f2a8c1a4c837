"""From inputs to Vapi and back, for any kind of resource; knows nothing of Pulumi."""
