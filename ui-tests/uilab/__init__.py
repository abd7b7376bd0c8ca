"""What the browser tests share: servers to start, pages to read."""
