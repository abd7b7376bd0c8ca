"""The embedded catalog: a SciCat server on SQLite and tantivy.

``store/`` holds the truth, ``search/`` finds in it, ``access.py`` alone decides who sees and changes what,
``accounts/`` knows people and tokens, ``managers/`` do the work, ``routes/`` only parse, call a manager and answer.
"""
