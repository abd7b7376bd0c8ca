"""What code read and wrote: hooks, cell flow, spool. No widgets, no HTTP."""
