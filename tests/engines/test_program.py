"""A program, run again, gives the numbers that the rule gives when it is called, bit for bit."""

import math
import struct

import numpy as np
import pytest
import torch

import thalweg
from benchmarks.agreement import forms
from thalweg.engines import cpu, tape
from thalweg.engines.program import Program
from thalweg.engines.tape import record
from thalweg.rules import words
from thalweg.rules.fading import Fading, Step
from thalweg.rules.kinds import Rate
from thalweg.rules.words import exp, maximum, total

SIZE = 7
SUMS = (0.3, 11.7, 2.5)
"""What the reductions of a rule find, in the order in which it asks."""


class Probe:
    """An array that is not there and remembers every number that it meets, in order.

    It knows nothing of tapes: the rule is called with plain floats, and Python does their sums.
    """

    def __init__(self):
        self.met, self.sums = [], iter(SUMS)

    def meet(self, *operands):
        self.met += [float(x) for x in operands if not isinstance(x, Probe)]
        return self

    def __pow__(self, exponent):
        return self

    def __neg__(self):
        return self

    __abs__ = __invert__ = __neg__


for _name in ("add", "sub", "mul", "truediv", "and", "or", "lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Probe, f"__{_name}__", lambda self, other: self.meet(other))
    setattr(Probe, f"__r{_name}__", lambda self, other: self.meet(other))


class ProbeWords:
    """How probes say the words."""

    @staticmethod
    def where(condition, x, y):
        if isinstance(condition, bool):
            return x if condition else y
        return condition.meet(x, y)

    @staticmethod
    def norm(x):
        return math.sqrt(next(x.sums))

    @staticmethod
    def mean(x):
        return next(x.sums) / SIZE

    @staticmethod
    def total(x):
        return next(x.sums)


def _say(*operands):
    return next(x for x in operands if isinstance(x, Probe)).meet(*operands)


for _name in ("sqrt", "exp", "log", "sign", "maximum", "minimum", "atan2"):
    setattr(ProbeWords, _name, staticmethod(_say))


def called(rule, present, numbers, products, fixed):
    """The numbers that meet arrays, and those that are carried, when the rule is called."""
    probe, step = Probe(), numbers.get("step", 0)
    fading = {n: Fading(numbers[n], step=step, product=p) for n, p in products.items()}
    arrays = [probe if there else None for there in present]
    result = rule.function(*arrays, **{**numbers, **fading}, **fixed)
    result = result if isinstance(result, tuple) else (result,)
    return probe.met, [float(x) for x in result[1 + len(rule.slots) :]]


def bits(values):
    return [struct.pack("<d", value).hex() for value in values]


FORMS = [
    pytest.param(rule, form, id="-".join([rule.name, *(f"{k}={v}" for k, v in form.items())]))
    for rule in map(thalweg.rules.find, thalweg.rules.names())
    for form in forms(rule)
]


@pytest.fixture(autouse=True)
def _probes_speak():
    words.speak(Probe, ProbeWords)
    yield
    del words._languages[Probe]


@pytest.mark.parametrize("scheduled", [False, True], ids=["constant", "scheduled"])
@pytest.mark.parametrize(("rule", "form"), FORMS)
def test_numbers_that_are_replayed_are_those_of_a_call(rule, form, scheduled):
    hypers = {**rule.defaults, **form}
    present = [True, True, *(slot.exists(hypers) for slot in rule.slots)]
    carried = rule.starts(hypers)
    products = dict.fromkeys(rule.decays, 1.0) if scheduled else {}
    program, calls = None, 0
    for step in range(1, 201):
        now = dict(hypers)
        if scheduled:
            now["lr"] = hypers["lr"] * (1 + math.sin(step)) / 2
            now |= {n: now[n] * (1 - 0.5 / step) for n in rule.decays if now[n] is not None}
        numbers, fixed = cpu.sort_out({**now, **carried, "step": Step(step)})
        if not rule.counts:
            del numbers["step"]
        products = {n: p * now[n] for n, p in products.items()}
        inputs = [*numbers.values(), *products.values()]
        if program is None or not program.recording.lasting or not program.start(inputs):
            recording = record(rule.function, present, numbers, products, **fixed)
            program, calls = Program(recording, np.array([SIZE])), calls + 1
            program.start(inputs)
        program.sums[:] = SUMS[: program.sums.shape[1]]
        for depth in range(1, program.recording.depth):
            program.proceed(depth)
        met, found = called(rule, present, numbers, products, fixed)
        assert bits(program.arguments[0]) == bits(met)
        assert bits(program.carried()) == bits(found)
        carried = dict(zip(rule.carried, found, strict=True))
    assert calls <= 8 or not program.recording.lasting, "it is called where it branches only"


class Counted:
    """Counts how often the cpu engine records."""

    def __init__(self, monkeypatch):
        self.calls = 0
        monkeypatch.setattr(cpu, "record", self)

    def __call__(self, *args, **kwargs):
        self.calls += 1
        return tape.record(*args, **kwargs)


def walked(rule, steps, engine, **settings):
    param = torch.nn.Parameter(torch.ones(3))
    opt = thalweg.optimizer(rule)([param], engine=engine, **settings)
    for _ in range(steps):
        param.grad = torch.full((3,), 0.5)
        opt.step()
    return param.detach()


def late(param, grad, *, step: int, lr: Rate = 0.1):
    return param - lr * grad if step < 4 else param - 2 * lr * grad


def test_a_guard_that_fails_calls_the_rule_again(monkeypatch):
    counted = Counted(monkeypatch)
    assert torch.equal(walked(late, 6, "cpu"), walked(late, 6, "eager"))
    assert counted.calls == 2


def logarithmic(param, grad, *, step: int, lr: Rate = 0.1):
    return param - lr / (1 + math.log(step)) * grad


def floating(param, grad, *, step: int, lr: Rate = 0.1):
    return param - lr / float(step) * grad


@pytest.mark.parametrize("rule", [logarithmic, floating])
def test_a_rule_that_takes_a_number_out_is_called_at_every_step(rule, monkeypatch):
    counted = Counted(monkeypatch)
    torch.testing.assert_close(walked(rule, 5, "cpu"), walked(rule, 5, "eager"), rtol=1e-6, atol=0)
    assert counted.calls == 5


def test_a_step_without_news_calls_nothing(monkeypatch):
    counted = Counted(monkeypatch)
    walked(thalweg.rules.find("adamw").function, 20, "cpu")
    assert counted.calls == 1


def quotient(param, grad, *, step: int, lr: Rate = 0.1):
    return param - 1 / lr * grad


def exponential(param, grad, *, step: int, lr: Rate = 0.1):
    return param - exp(lr) * grad


@pytest.mark.parametrize("engine", ["cpu", "eager"])
@pytest.mark.parametrize(
    ("rule", "lr", "error"), [(quotient, 0.0, ZeroDivisionError), (exponential, 1e4, OverflowError)]
)
def test_what_python_refuses_in_a_call_is_refused_later_too(rule, lr, error, engine):
    param = torch.nn.Parameter(torch.ones(3))
    opt = thalweg.optimizer(rule)([param], engine=engine)
    for _ in range(2):
        param.grad = torch.ones(3)
        opt.step()
    before = param.detach().clone()
    opt.param_groups[0]["lr"] = lr
    with pytest.raises(error):
        opt.step()
    assert torch.equal(param, before)


def test_a_flag_that_becomes_a_number_is_noticed():
    def clipped(engine):
        param = torch.nn.Parameter(torch.ones(3))
        opt = thalweg.SGD([param], lr=1.0, engine=engine)
        for clip in (None, 0.5, 0.25, None):
            opt.param_groups[0]["clip_norm"] = clip
            param.grad = torch.full((3,), 2.0)
            opt.step()
        return param.detach()

    for engine in ("cpu", "oracle"):
        torch.testing.assert_close(clipped(engine), clipped("eager"), rtol=1e-6, atol=0)


def guarded(param, grad, *, step: int, lr: Rate = 0.1):
    return param - grad / maximum(total(abs(grad)), lr)


def test_a_program_waits_for_its_sums():
    numbers = {"step": Step(1), "lr": 0.5}
    recording = record(guarded, (True, True), numbers)
    program = Program(recording, np.array([3]))
    assert program.start(list(numbers.values()))
    for found, expected in ((2.0, 2.0), (0.25, 0.5)):
        program.sums[:] = found
        program.proceed(1)
        assert program.arguments.tolist() == [[expected]]
