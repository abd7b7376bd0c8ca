"""In the kernel: open, search, handles."""
