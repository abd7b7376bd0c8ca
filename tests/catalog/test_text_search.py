"""Search texts against brute force: words, phrases, Chinese, similar words, proposals and runs."""

import json
import random
import re
import unicodedata

import pytest
from catalog.brute import searched, visible

from jupyter_shinecat.catalog.search.asked_text import text_condition
from jupyter_shinecat.catalog.search.options import Limits
from jupyter_shinecat.catalog.search.similar import differs_by

WORDS = [
    "lysozyme", "Lysozme", "crystal", "crystals", "溶菌酶", "溶菌", "菌",
    "run_0017.h5", "scan-0042", "a.b/c", "飞秒激光装置",
    "ＦＥＬ", "12.4", "Ångström", "P2026-017", "x", "光谱(XAS)", "diffraction", "difraction",
]  # fmt: skip

REPEATED = ["aaa", "aaaa b", "baaab", "溶菌溶菌酶", "溶菌。溶菌"]


def a_document(rng, number):
    return {
        "pid": f"t/{number}",
        "datasetName": " ".join(rng.sample(WORDS, 2)),
        "description": "，".join(
            [*rng.sample(WORDS, rng.randint(0, 3)), f"word{number % 20:02}", REPEATED[number % 5]]
        ),
        "keywords": rng.sample(WORDS, rng.randint(0, 2)),
        "ownerGroup": "GET",
        "accessGroups": [],
        "isPublished": False,
        "type": "raw",
        "creationTime": "2026-01-01T00:00:00.000Z",
        "proposalIds": rng.sample(["P2345", "2345", "P-17"], rng.randint(0, 1)),
        **rng.choice([{"runNumber": "17"}, {"runNumber": "0017"}, {}]),
        "scientificMetadata": rng.choice(
            [{"run": 17}, {"run_number": {"value": 17, "unit": ""}}, {"note": "run 17"}, {}]
        ),
    }


def a_block(rng, doc):
    """Files of a dataset; some only for fewer people than see the dataset."""
    names = [f"raw/{rng.choice(WORDS)}_{rng.randint(0, 99):04d}.cbf" for _ in range(rng.randint(1, 3))]
    return {
        "datasetId": doc["pid"],
        "ownerGroup": rng.choice(["GET", "GET", "SECRET"]),
        "accessGroups": [],
        "dataFileList": [{"path": name, "size": 1} for name in names],
    }


def fold(text):
    return unicodedata.normalize("NFKC", text).casefold()


def in_names(doc, text):
    return any(text in fold(name) for name in [doc["datasetName"], doc["pid"], *doc["keywords"]])


def in_body(doc, text):
    """Somewhere a word begins with it; Chinese counts anywhere."""
    said = [doc["datasetName"], doc["description"], *doc["keywords"], doc["pid"], doc["type"], doc["ownerGroup"]]
    said += doc["files"]
    said += [*doc["proposalIds"], doc.get("runNumber", ""), json.dumps(doc["scientificMetadata"]), doc["creationTime"]]
    for value in map(fold, said):
        for at in (m.start() for m in re.finditer(f"(?={re.escape(text)})", value)):
            before = value[at - 1] if at else " "
            if not (ascii_word(text[0]) and ascii_word(before)):
                return True
    return False


def ascii_word(character):
    return character.isalnum() and not "⺀" <= character <= "鿿"


def distance(a, b):
    """Plain Damerau-Levenshtein (neighbours exchanged count once), by its definition."""
    table = {}
    for i in range(len(a) + 1):
        for j in range(len(b) + 1):
            if not i or not j:
                table[i, j] = i + j
                continue
            best = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, table[i - 2, j - 2] + 1)
            table[i, j] = best
    return table[len(a), len(b)]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    rng = random.Random(5)
    docs = [a_document(rng, number) for number in range(150)]
    blocks = [a_block(rng, doc) for doc in docs for _ in range(rng.randint(0, 2))]
    with searched(tmp_path_factory.mktemp("text"), docs, blocks) as engine:
        for doc in docs:
            mine = [block for block in blocks if block["datasetId"] == doc["pid"] and block["ownerGroup"] == "GET"]
            doc["files"] = [file["path"] for block in mine for file in block["dataFileList"]]

        def search(text, **how):
            rows = engine.rows("dataset", text_condition(text, "dataset", **how), visible("GET"), Limits(1000))
            assert engine.index.view is not None
            return {pid for pid, _ in rows}

        yield search, docs


@pytest.mark.parametrize("seed", range(4))
def test_every_hit_contains_the_text_and_none_is_missed(library, seed):
    search, docs = library
    rng = random.Random(seed)
    for _ in range(40):
        words = []
        for word in rng.sample(WORDS, rng.randint(1, 2)):
            start = rng.randrange(len(word))
            words.append(rng.choice([word, word[: start + 1], word[start:], word[start : start + 1]]))
        text = rng.choice([" ".join(words), '"' + " ".join(words) + '"', words[0]])
        asked = [text[1:-1]] if text.startswith('"') else text.split()
        asked = [fold(part) for part in asked if part.strip()]
        expected = {d["pid"] for d in docs if all(in_names(d, part) or in_body(d, part) for part in asked)}
        assert search(text) == expected, text


@pytest.mark.parametrize(
    "text", ["aaa", "aaaa", "aaaab", "aab", "菌溶", "菌溶菌", "溶菌溶菌", "word", "word1", "word07"]
)
def test_repeated_letters_and_many_words_that_begin_alike(library, text):
    search, docs = library
    for _ in range(2):  # what is found out about a text is remembered
        assert search(text) == {d["pid"] for d in docs if in_names(d, text) or in_body(d, text)}


def test_similar_words_are_found_by_the_switch_only(library):
    search, docs = library
    for word in ("lysozime", "crystl", "difrration", "crysatls", "lys"):
        most = 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0
        exactly = {d["pid"] for d in docs if in_names(d, word) or in_body(d, word)}
        alike = {
            d["pid"]
            for d in docs
            for said in [json.dumps(d, ensure_ascii=False)]
            if any(distance(word, other) <= most for other in re.findall(r"[^\W_⺀-鿿]+", fold(said)))
        }
        assert search(word) == exactly, word
        assert search(word, similar=True) == exactly | (alike if most else set()), word
    assert search("lysozime", similar=True) > search("lysozime")


def test_letters_that_differ_are_counted_as_by_definition():
    rng = random.Random(2)
    for _ in range(600):
        a = "".join(rng.choices("abc", k=rng.randint(0, 7)))
        b = "".join(rng.choices("abc", k=rng.randint(0, 7)))
        for most in (1, 2):
            assert differs_by(a, b, most) == (distance(a, b) <= most), (a, b)


@pytest.mark.parametrize("text", ["proposal:2345", "课题:2345", "提案号：2345", "Proposal:P2345", 'proposal:"2345"'])
def test_proposals_are_understood(library, text):
    search, docs = library
    of = ["P2345"] if "P" in text[1:] and "P2345" in text else ["P2345", "2345"]
    assert search(text) == {d["pid"] for d in docs if set(d["proposalIds"]) & set(of)}
    some = search(f"{text} 溶菌")
    assert some == search(text) & search("溶菌")


@pytest.mark.parametrize("text", ["run:17", "运行：17", "轮次:17", "RUN:0017"])
def test_runs_are_understood(library, text):
    search, docs = library
    expected = {
        d["pid"] for d in docs if d.get("runNumber") or {"run", "run_number"} & set(d["scientificMetadata"])
    }  # fmt: skip
    assert search(text) == expected
    assert search('"run:17"') == set()  # a phrase stays one


@pytest.mark.parametrize("text", ["proposal 2345", "课题2345", "课题 2345", "Proposal  002345"])
def test_proposals_and_runs_are_understood_as_one_says_them(library, text):
    search, docs = library
    of_proposal = {d["pid"] for d in docs if set(d["proposalIds"]) & {"P2345", "2345"}}
    of_run = {d["pid"] for d in docs if d.get("runNumber") or {"run", "run_number"} & set(d["scientificMetadata"])}
    said = {d["pid"] for d in docs if all(in_names(d, word) or in_body(d, word) for word in ("run", "17"))}
    assert search(text) == of_proposal
    assert search("run 17") == of_run | said
    assert search(f"{text} run 17") == of_proposal & (of_run | said) != set()
    assert search('"run 17"') == {d["pid"] for d in docs if d["scientificMetadata"].get("note") == "run 17"}
    assert search("run 17th") == set()


def test_quotes_of_chinese_keyboards_make_a_phrase(library):
    search, _docs = library
    for phrase in ("溶菌酶 crystal", "crystal 溶菌"):
        assert search(f"“{phrase}”") == search(f'"{phrase}"') == search(f"＂{phrase}＂")
    assert search('"“溶菌酶”"') == search("“溶菌酶") == set()  # text: nothing contains such signs
    assert search("溶菌酶“scan-0042”") == search("溶菌酶 scan-0042") != set()
