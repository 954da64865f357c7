"""The head of a rule's page says all that the rule declares."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

from thalweg import rules

FILE = Path(__file__).parents[2] / "docs" / "hooks.py"


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("docs_hooks", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rendered(hooks, place, text):
    page = SimpleNamespace(file=SimpleNamespace(src_uri=place))
    return hooks.on_page_markdown(text, page=page, config=None, files=None)


@pytest.mark.parametrize("name", rules.names())
def test_a_head_has_every_number_state_preset_and_line_of_the_equation(hooks, name):
    rule = rules.find(name)
    page = rendered(hooks, f"rules/{name}.md", "what people add")
    assert page.startswith(f"# {rule.title}\n")
    assert page.endswith("what people add")
    numbers = {n: k if i is None else f"{k}[{i}]" for n, (k, i) in rule.places.items()}
    rows = {line.split("`")[1] for line in page.splitlines() if line.startswith("| `")}
    assert set(numbers.values()) <= rows
    assert {slot.name for slot in rule.slots} | set(rule.carried) <= rows
    assert {f'"{preset}"' for preset in rule.presets} <= rows
    assert [name for name in rule.dialects if f'\n- `"{name}"`: ' not in page] == []
    for line in rule.doc.splitlines():
        if line.startswith("    "):
            assert line.removeprefix("    ") in page
    assert f"{{{rule.source.year}}}" in page


def test_adam_has_the_head_that_a_reader_would_write(hooks):
    page = hooks.head(rules.find("adam"))
    assert "| `betas[1]` | `0.999` | [0, 1) | torch.optim.Adam 2.13; Kingma & Ba 2015" in page
    assert "| `max_exp_avg_sq` | 0 | with `amsgrad` | 4 | 2 |" in page
    assert '| `"article"` | `betas=(0.9, 0.99)`, `eps=1e-10` | Amin Ag 2019' in page
    assert '| argument | `"torch"` | `"paper"` | `"keras"` | `"optax"` |' in page
    assert "| `eps` | `1e-08` | `1e-08` | `1e-07` | `1e-08` |" in page
    assert "| `lr` | `0.001` | `0.001` | `0.001` |  |" in page
    assert "keeps 8 bytes a parameter in float32" in page
    assert "[arXiv:1412.6980](https://arxiv.org/abs/1412.6980)" in page


def test_sgd_keeps_nothing_at_its_defaults(hooks):
    assert "it keeps nothing." in hooks.head(rules.find("sgd"))


def test_the_list_names_every_rule_and_its_page_exists(hooks):
    page = rendered(hooks, "rules/index.md", f"before\n\n{hooks.LIST}\n")
    for name in rules.names():
        assert f"[{rules.find(name).title}]({name}.md)" in page
        assert (FILE.parent / "rules" / f"{name}.md").is_file()
    assert hooks.LIST in (FILE.parent / "rules" / "index.md").read_text(encoding="utf-8")


def test_other_pages_stay_as_they_are(hooks):
    assert rendered(hooks, "train.md", hooks.LIST) == hooks.LIST
    assert rendered(hooks, "adam.md", "text") == "text"
