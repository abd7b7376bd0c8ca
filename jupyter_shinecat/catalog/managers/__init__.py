"""What the catalog does with each kind of document; routes reach the store through here only."""
