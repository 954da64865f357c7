"""The saved page holds all it needs, and what it holds stays data."""

import json
import re

import pytest

from thalweg.serve import saved

CATALOGUE = {"version": "0", "surfaces": [], "rules": [], "presets": [], "runs": []}


def test_the_shell_loads_nothing():
    shell = saved.shell()
    assert not re.search(r"<(link|script)[^>]*\b(src|href)=", shell)
    assert "default-src 'none'" in shell
    assert "http:" not in shell.split('type="importmap"')[0]


def test_every_module_finds_its_neighbours_in_the_import_map():
    [found] = re.findall(r'<script type="importmap">(.*?)</script>', saved.shell())
    imports = json.loads(found)["imports"]
    assert "thalweg/main.js" in imports
    assert "thalweg/three.module.min.js" in imports
    for address in imports.values():
        code = saved.text_of(address)
        for named in re.findall(r"""(?:from|import)\s*\(?\s*["']([^"'\n]+\.js)["']""", code):
            assert named in imports


def test_an_answer_can_not_end_its_element(tmp_path):
    answer = {"ask": "surface", "args": {"name": "</script><b>"}, "answer": {}}
    path = saved.write(tmp_path / "a.html", CATALOGUE, [answer], view="s=bowl")
    text = path.read_text("utf-8")
    assert "</script><b>" not in text
    [data] = re.findall(r'id="saved">(.*?)</script>', text)
    assert json.loads(data) == {"catalogue": CATALOGUE, "answers": [answer], "view": "s=bowl"}


def test_what_is_not_finite_is_refused(tmp_path):
    answer = {"ask": "tracks", "args": {}, "answer": {"x": [float("nan")]}}
    with pytest.raises(ValueError, match="null"):
        saved.write(tmp_path / "a.html", CATALOGUE, [answer])
    assert list(tmp_path.iterdir()) == []
