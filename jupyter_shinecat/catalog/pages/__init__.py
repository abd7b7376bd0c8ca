"""The few pages of the catalog itself; everything else is REST."""
