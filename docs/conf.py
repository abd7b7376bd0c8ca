"""Sphinx: the manual in English and Chinese, and the developers' pages."""

project = "jupyter-shinecat"
author = "the jupyter-shinecat developers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_title = project
myst_heading_anchors = 3
