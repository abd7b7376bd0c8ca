"""The demo and the generator of its sample files."""
