"""People: accounts, passwords, tokens, limits on login attempts."""
