"""Fixtures that users may use too: a catalog to test against."""
