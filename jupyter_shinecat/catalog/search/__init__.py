"""Part of the embedded catalog."""
