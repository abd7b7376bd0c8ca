"""JupyterHub side: authenticator and token handler."""
