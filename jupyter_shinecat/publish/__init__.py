"""Publication of datasets."""
