"""Scan folders and write their datasets to the catalog."""
