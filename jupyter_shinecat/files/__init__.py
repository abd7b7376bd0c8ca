"""Where a dataset's bytes are: path maps, and opening beneath a root."""
