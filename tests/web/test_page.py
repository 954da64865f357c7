"""A page holds all it needs, asks nobody for anything, and believes no string."""

import json
import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser

import pytest

from thalweg.web import race, run
from thalweg.web.page import Page, element

EVIL = '"><img src=x onerror=alert(1)></script><script>alert(2)</script>&'


class Reader(HTMLParser):
    """What a browser would make of a page: its elements, their attributes, their text."""

    def __init__(self):
        super().__init__()
        self.elements, self.words = [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)


def parse(text):
    reader = Reader()
    reader.feed(text)
    return reader


def pages(make, result):
    return {"run": run.page(make()).render(), "race": race.page(result).render()}


@pytest.mark.parametrize("kind", ["run", "race"])
def test_a_page_loads_nothing(kind, make, result):
    elements = parse(pages(make, result)[kind]).elements
    loading = [
        (tag, name)
        for tag, attributes in elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "poster", "action")
        and not value.startswith("#")  # a place on the same page
    ]
    assert loading == []
    assert not {"link", "iframe", "img", "object", "base"} & {tag for tag, _ in elements}


@pytest.mark.parametrize("kind", ["run", "race"])
def test_a_page_forbids_requests_even_to_its_scripts(kind, make, result):
    metas = [a for tag, a in parse(pages(make, result)[kind]).elements if tag == "meta"]
    [policy] = [a["content"] for a in metas if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize("kind", ["run", "race"])
def test_a_page_follows_the_readers_theme(kind, make, result):
    text = pages(make, result)[kind]
    assert "@media (prefers-color-scheme: dark)" in text
    assert 'name="color-scheme" content="light dark"' in text
    assert 'name="viewport"' in text


KINDS = ("part", "kind", "verdict", "winner", "key", "a", "b", "stages")  # not the user's words


def evil(value):
    """The same with every string of a race's result replaced; keys and kinds stay what they are."""
    if is_dataclass(value) and not isinstance(value, type):
        given = {f.name: getattr(value, f.name) for f in fields(value)}
        return replace(
            value,
            **{k: v if k in KINDS and isinstance(v, str) else evil(v) for k, v in given.items()},
        )
    if isinstance(value, dict):
        return {EVIL + str(k): evil(v) for k, v in value.items()}
    if isinstance(value, list):
        return [evil(inner) for inner in value]
    return EVIL if isinstance(value, str) else value


@pytest.mark.parametrize("kind", ["run", "race"])
def test_strings_of_the_user_stay_words(kind, make, result):
    record = make(label=EVIL)
    record.task, record.rule, record.hypers[EVIL] = EVIL, EVIL, EVIL
    for epoch in record.history:
        epoch.train[EVIL], epoch.validation[EVIL] = 0.5, 0.5
    record.best["metric"] = EVIL
    record.versions = {EVIL: EVIL}
    text = run.page(record).render() if kind == "run" else race.page(evil(result)).render()
    elements = parse(text).elements
    assert "img" not in {tag for tag, _ in elements}
    assert not [a for _, attributes in elements for a in attributes if a.startswith("on")]
    # plotly, the data and our own lines.
    assert [tag for tag, _ in elements].count("script") == 3


def test_a_formula_in_a_name_is_not_markup_for_plotly_either(make):
    record = make(label="<b>bold</b>")
    record.status = "diverged"
    text = run.page(record).render()
    data = text.split('type="application/json">')[1].split("</script>")[0]
    assert "<" not in data


def spoken(value, key=""):
    """The words in a figure that plotly shows, and would read as markup."""
    if isinstance(value, dict):
        return [words for k, inner in value.items() for words in spoken(inner, k)]
    if isinstance(value, list):
        return [words for inner in value for words in spoken(inner, key)]
    return [value] if isinstance(value, str) and key in SPOKEN else []


SPOKEN = ("text", "name", "ticktext", "customdata")


def test_no_word_of_a_race_is_markup_for_plotly(result):
    text = race.page(evil(result)).render()
    figures = json.loads(text.split('type="application/json">')[1].split("</script>")[0])
    shown = spoken(figures)
    assert any("alert" in words for words in shown)
    assert not [words for words in shown if "<" in words]


def test_an_unclosed_element_in_markup_would_be_seen():
    # The reader above is no ornament: it does see what was not escaped.
    page = Page("t")
    page.add(element("p", "x"))
    broken = page.render().replace("<p>x</p>", "<img src=x>")
    assert "img" in {tag for tag, _ in parse(broken).elements}


def test_a_page_that_cannot_be_written_says_so(tmp_path, make):
    with pytest.raises(ValueError, match=r"page.html: cannot be written"):
        run.write(make(), tmp_path / "nowhere")


def test_a_page_is_written_whole(tmp_path, make):
    path = run.write(make(), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.rstrip().endswith("</html>")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_plotly_comes_whole_from_its_wheel(make):
    assert re.search(r"plotly\.js v\d", run.page(make()).render())
