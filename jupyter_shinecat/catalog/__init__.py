"""The embedded catalog: a SciCat server on SQLite and tantivy."""
