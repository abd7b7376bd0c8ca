"""Finding documents: one tree of conditions, the languages that compile to it, and the engines that answer it."""
