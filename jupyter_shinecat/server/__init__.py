"""Jupyter server extension: proxy, session, socket for kernels; runs the outbox."""
