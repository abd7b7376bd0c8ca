"""The index's fields, and opening an index on the disk."""

from __future__ import annotations

from pathlib import Path

import tantivy

# Grows with every change of what an entry holds: an index of another version is built anew.
VERSION = 7

# Fields whose values are counted by the index; others are counted by reading documents.
FACETS = (
    "type", "ownerGroup", "accessGroups", "keywords", "creationLocation", "proposalIds", "sampleIds",
    "instrumentIds", "principalInvestigators", "owner", "dataFormat", "isPublished", "sourceFolderHost",
    "usedSoftware", "classification", "createdBy", "runNumber", "inputDatasets", "license", "instrumentGroup",
)  # fmt: skip
DATE_FACETS = ("creationTime", "startTime", "endTime", "createdAt", "updatedAt")
KEYS = "metadataKeys"

# Columns of numbers. The schema is written at each commit, so their number is bounded; see :mod:`.columns`.
MAX_COLUMNS = 2048

# Marks are control characters that JSON writes as they are. Texts that hold control characters become digests, so that
# no text of a dataset can pass for something else.
# Terms of one field are handed over as one text, parted by blanks; a blank in a term is this.
BLANK = "\x86"
# Stands between texts that don't follow each other, so that no phrase is found across.
GAP = "\x80"
_TERMS = "terms"


def build_schema() -> tantivy.Schema:
    """The fields of an entry.

    ``key``: the dataset's ``seq`` as a text, by which entries are deleted (in tantivy 0.27 a deletion by a whole number
    silently does nothing). ``order``: creation time. ``eq``: what is where. ``words``: words, and single characters of
    Chinese. ``pairs``: neighbouring characters of Chinese, in their places. ``grams``: threes of characters of names,
    in their places. ``f_...``: values to count and to order by. ``n...``: numbers. ``note``: what the index says of
    itself.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("seq", indexed=True, fast=True)
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("order", fast=True)
    builder.add_text_field("eq", tokenizer_name=_TERMS, index_option="basic")
    builder.add_text_field("words", tokenizer_name=_TERMS, index_option="basic")
    builder.add_text_field("pairs", tokenizer_name=_TERMS, index_option="position")
    builder.add_text_field("grams", tokenizer_name=_TERMS, index_option="position")
    for name in (*FACETS, *DATE_FACETS, KEYS):
        builder.add_text_field(f"f_{name}", tokenizer_name="raw", index_option="basic", fast=True)
    for number in range(MAX_COLUMNS):
        builder.add_float_field(f"n{number}", fast=True)
    builder.add_text_field("note", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("note_body", stored=True)
    return builder.build()


def open_index(folder: Path, *, new: bool = False) -> tantivy.Index:
    """The index in ``folder``; raises whatever tantivy raises, its panics too, when it can't be read."""
    index = tantivy.Index(build_schema(), str(folder), reuse=not new)
    # Far faster than a regular expression, or than a list of values.
    index.register_tokenizer(_TERMS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index
