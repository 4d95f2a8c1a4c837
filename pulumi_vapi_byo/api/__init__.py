"""Vapi's API over HTTP: the client, and when it may send."""
