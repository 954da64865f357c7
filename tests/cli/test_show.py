"""`rules`, `show`, `cite` and `tasks` say what the rules and tasks say of themselves."""

import pytest

from thalweg import rules, tasks


def test_rules_lists_every_rule_with_its_year(call):
    lines = call("rules").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == rules.names()
    for line in lines:
        assert line.split()[1] == str(rules.find(line.split()[0]).source.year)


def test_tasks_lists_every_task(call):
    lines = call("tasks").stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == tasks.names()


@pytest.mark.parametrize("name", rules.names())
def test_show_says_all_that_a_rule_declares(name, call):
    rule = rules.find(name)
    text = call("show", name).stdout
    assert rule.doc.strip() in text
    assert str(rule.source) in text
    for part in [*rule.hypers, *rule.carried, *(slot.name for slot in rule.slots)]:
        assert part in text
    for kind, named in (("dialect", rule.dialects), ("preset", rule.presets)):
        for word, declared in named.items():
            assert f'{kind}="{word}": ' in text
            assert declared.by in text


@pytest.mark.parametrize(("name", "size"), [("adam", 8), ("sgd", 0), ("lion", 4)])
def test_show_counts_the_state(name, size, call):
    assert f"{size} bytes of state a parameter in float32" in call("show", name).stdout


def test_a_default_names_whose_it_is(call):
    [line] = [x for x in call("show", "adam").stdout.splitlines() if x.startswith("beta1 ")]
    assert line.split(maxsplit=4)[-1].endswith("torch, paper, keras, optax, article")


def test_show_prints_the_program_of_the_cpu_engine(call):
    text = call("show", "adam", "--engine", "cpu").stdout
    program = text.partition("The program of the cpu engine, float32:")[2]
    compile(program, "kernel", "exec")
    assert "sqrt" in program


def test_cite_prints_each_source_once(call):
    text = call("cite", "adam", "sgd", "adam").stdout
    assert text.count("@misc{") == 2
    assert rules.find("adam").source.bibtex() in text
    assert text.count("{") == text.count("}")
