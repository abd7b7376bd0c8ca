"""Durable queue of results on their way to the catalog."""
