"""Caring for a catalog's data: check, backup, restore, building the index anew, export and import."""
