"""HTTP: each route parses, calls one manager and answers; the table of routes is in one place."""
