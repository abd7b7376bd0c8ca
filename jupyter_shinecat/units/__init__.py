"""Unit aliases, SI pairs and conversion."""
