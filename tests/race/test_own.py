"""Rules of one's own race like any other, wherever they were written."""

import pickle

import pytest
import torch
from torch import nn

import thalweg
from thalweg import rules
from thalweg.race import Entry
from thalweg.race.database import FILE
from thalweg.race.ledger import Ledger
from thalweg.race.own import NONE, Own, called, find
from thalweg.race.reference import Reference
from thalweg.rules.kinds import Decay, Rate, Zeros
from thalweg.rules.modifiers import modifier
from thalweg.rules.words import ema

QUICK = {"points": 4, "seeds": 6, "epochs": 2, "on": "here"}
PLAIN = """
from thalweg.rules.kinds import Rate
import thalweg

def plain(param, grad, *, step, lr: Rate = 0.1):
    return param - lr * grad

careful = thalweg.cautious(plain)
number = 3
"""


def plain(param, grad, *, step, lr: Rate = 1e-3):
    """Plain: gradient descent once more, at SGD's own default."""
    return param - lr * grad


def heavy(param, grad, mean: Zeros, *, step, lr: Rate = 0.01, beta1: Decay = 0.8):
    mean = ema(mean, grad, beta1)
    return param - lr * mean, mean


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PLAIN)
    return path


@pytest.mark.parametrize("batched", [True, False])
def test_a_rule_of_ones_own_gives_the_numbers_of_its_shipped_twin(clouds, batched):
    quick = {**QUICK, "batched": batched}
    ranges = {"plain": {"lr": (1e-3, 1.0)}, "sgd": {"lr": (1e-3, 1.0)}}
    ours, theirs = thalweg.race(clouds, [plain, "sgd"], ranges=ranges, **quick).entrants
    assert [one.score for one in ours.trials] == [one.score for one in theirs.trials]
    assert [one.test for one in ours.finals] == [one.test for one in theirs.finals]


def test_its_ranges_are_read_from_its_signature(clouds):
    (one,) = thalweg.race(clouds, [heavy], **{**QUICK, "points": 10}).entrants
    said = {axis.says: (round(axis.low, 9), round(axis.high, 9)) for axis in one.axes}
    assert said == {"lr": (1e-4, 1.0), "1 − beta1": (0.02, 0.5)}


def test_its_settings_are_code_to_paste(clouds):
    (one,) = thalweg.race(clouds, [Entry("mine", heavy, {"lr": 0.5})], **QUICK).entrants
    assert one.label == "mine"
    made = eval(one.code, {"thalweg": thalweg, "heavy": heavy, "model": nn.Linear(2, 2)})
    assert made.param_groups[0]["lr"] == 0.5
    assert "heavy from test_own.py" in one.code


def test_modified_rules_race_beside_each_other(clouds):
    found = thalweg.race(clouds, [thalweg.cautious("lion"), thalweg.cautious(heavy)], **QUICK)
    lion, mine = found.entrants
    assert (lion.label, mine.label) == ("CautiousLion", "Cautiousheavy")
    assert lion.code.startswith('thalweg.optimizer(thalweg.cautious("lion"))(')
    made = eval(mine.code, {"thalweg": thalweg, "heavy": heavy, "model": nn.Linear(2, 2)})
    assert made.rule.name == "cautious_heavy"


def test_an_optimizers_class_is_its_rule():
    assert called(find(thalweg.Adam)) == "adam"
    assert find(thalweg.optimizer(heavy)).function is heavy


def test_another_content_is_another_job(clouds, tmp_path):
    def rule(factor):
        def scaled(param, grad, *, step, lr: Rate = 0.1):
            return param - factor * lr * grad

        return scaled

    for factor, jobs in ((1.0, 6), (1.0, 6), (2.0, 12)):
        quick = {**QUICK, "points": 1}
        thalweg.race(clouds, [rule(factor)], out=tmp_path, **quick)
        with Ledger.open(tmp_path / FILE, write=False) as ledger:
            assert len(ledger.jobs()) == jobs


def test_two_of_one_name_and_another_content_race_under_two_labels(clouds):
    def rule(factor):
        def scaled(param, grad, *, step, lr: Rate = 0.1):
            return param - factor * lr * grad

        return scaled

    asked = [Entry("once", rule(1.0)), Entry("far", rule(1e-6))]
    once, far = thalweg.race(clouds, asked, **{**QUICK, "points": 1}).entrants
    assert [one.test for one in once.finals] != [one.test for one in far.finals]


def test_a_rule_in_a_file_travels_to_other_processes(clouds, file):
    asked = [f"mine={file}:plain", f"{file}:careful"]
    quick = {**QUICK, "points": 1, "epochs": 1}
    here = thalweg.race(clouds, asked, **quick)
    there = thalweg.race(clouds, asked, **{**quick, "on": "processes"}, workers=1)
    assert [one.label for one in there.entrants] == ["mine", "Cautiousplain"]
    for one, other in zip(here.entrants, there.entrants, strict=True):
        assert [run.test for run in one.finals] == [run.test for run in other.finals]


def test_a_modifier_of_ones_own_arrives_whole(tmp_path):
    path = tmp_path / "halving.py"
    path.write_text(
        "from thalweg.rules.modifiers import modifier\n"
        "@modifier(needs=('lr',))\n"
        "def halved(rule, param, grad):\n    return rule(param, 0.5 * grad)\n"
        "slow = halved('sgd')\n"
    )
    own = Own.of([find(f"{path}:slow")])
    packed = pickle.dumps(own)
    (name,) = own._functions
    arrived = pickle.loads(packed).find(name)
    x = nn.Parameter(torch.ones(1))
    x.grad = torch.ones(1)
    thalweg.optimizer(arrived.function)([x], lr=0.5).step()
    assert x.item() == 0.75
    assert arrived.function.modifier.needs == ("lr",)


def test_shipped_rules_do_not_travel():
    assert Own.of([rules.find("adam")]) is NONE
    assert pickle.loads(pickle.dumps(NONE)) is NONE
    assert len(pickle.dumps(Reference.of("digits", [rules.find("adam")]))) < 150


def test_a_process_reads_a_rule_once():
    packed = pickle.dumps(Own.of([rules.read(heavy)]))
    assert pickle.loads(packed) is pickle.loads(packed)


def test_the_command_names_the_file(clouds, file):
    quick = {**QUICK, "points": 1, "epochs": 1}
    assert (
        f"--rules mine={file}:plain "
        in thalweg.race(clouds, [f"mine={file}:plain"], **quick).reproduce
    )
    assert "test_own.py:heavy " in thalweg.race(clouds, [heavy], **quick).reproduce

    @modifier
    def halved(rule, param, grad):
        return rule(param, 0.5 * grad)

    found = thalweg.race(clouds, [halved(heavy)], **quick)
    assert any("can't name Halvedheavy, given as code" in note for note in found.notes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", r"has no 'nothing'; it has plain, careful$"),
        ("number", r"number is a int, not a rule's function; it has plain, careful$"),
        ("thalweg", r"thalweg is a module, not a rule's function"),
        ("Rate", r"can't be read: .*; docs/write-your-own-rule.md shows a whole one$"),
    ],
)
def test_what_a_file_lacks_is_said_in_one_line(file, name, said):
    with pytest.raises(ValueError, match=said) as caught:
        find(f"{file}:{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (lambda param, grad, *, step, lr=0.1: param - lr * grad, "a lambda has no name"),
        (3, "rule 3 is neither a name nor a function"),
        (torch.optim.Adam, "Adam: a rule's first two arguments are param and grad"),
        (print, "first two arguments"),
        (lambda: None, "a lambda has no name"),
    ],
)
def test_what_is_no_rule_is_refused_in_one_line(clouds, rule, said):
    with pytest.raises(ValueError, match=said) as caught:
        thalweg.race(clouds, [rule], **QUICK)
    assert "\n" not in str(caught.value)
    assert "docs/write-your-own-rule.md" in str(caught.value)


def test_a_rule_that_holds_what_cannot_travel_says_the_way_out(clouds):
    import threading

    lock = threading.Lock()

    def locked(param, grad, *, step, lr: Rate = 0.1):
        with lock:
            return param - lr * grad

    with pytest.raises(ValueError, match="locked: can't be sent to another process") as caught:
        thalweg.race(clouds, [locked], **{**QUICK, "on": "processes"})
    assert "on='here'" in str(caught.value)
