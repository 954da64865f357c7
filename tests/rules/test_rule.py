"""A rule is read from its signature, and what can't be read is refused in one line."""

from typing import Annotated, Literal

import pytest

from thalweg import rules
from thalweg.rules.kinds import Array, Between, Decay, Rate, State, Zeros, number
from thalweg.rules.rule import read


def drift(
    param: Array,
    grad: Array,
    speed: Zeros,
    trace: Annotated[Array | None, State(start="first", when="keep")],
    *,
    step: int,
    lr: Rate = 0.1,
    beta1: Decay = 0.9,
    keep: bool = False,
    first: float = 2.0,
    form: Literal["a", "b"] = "a",
    clock: Annotated[float, number(3.0)] = 3.0,
) -> tuple[Array, Array, Array | None, float]:
    """Drift: a rule of this file."""
    return param - lr * grad, speed, trace, clock


def test_states_hyper_parameters_and_carried_numbers_are_told_apart():
    rule = read(drift)
    assert [slot.name for slot in rule.slots] == ["speed", "trace"]
    assert list(rule.hypers) == ["lr", "beta1", "keep", "first", "form"]
    assert rule.carried == {"clock": 3.0}
    assert rule.defaults == {"lr": 0.1, "beta1": 0.9, "keep": False, "first": 2.0, "form": "a"}


def test_only_a_range_open_at_one_is_a_decay_with_a_running_product():
    assert read(drift).decays == ("beta1",)
    assert rules.find("rmsprop").decays == ()


def test_a_state_exists_when_its_hyper_parameter_says_so():
    rule = read(drift)
    always, sometimes = rule.slots
    assert always.exists(rule.defaults)
    assert not sometimes.exists(rule.defaults)
    assert sometimes.exists(rule.defaults | {"keep": True})


def test_a_state_starts_with_a_number_or_with_a_hyper_parameter():
    rule = read(drift)
    assert [slot.start(rule.defaults | {"first": 5}) for slot in rule.slots] == [0.0, 5.0]


def test_title_and_doc_come_from_the_docstring():
    rule = read(drift)
    assert (rule.name, rule.title, rule.doc) == ("drift", "Drift", "Drift: a rule of this file.")


@pytest.mark.parametrize("name", rules.names())
def test_every_rule_is_titled_as_its_class_is_called(name):
    assert rules.find(name).title.lower() == name.replace("_", "")


@pytest.mark.parametrize("name", rules.names())
def test_every_default_passes_its_own_check(name):
    rule = rules.find(name)
    rule.check(rule.defaults)


@pytest.mark.parametrize("name", rules.names())
def test_every_preset_names_hyper_parameters_and_passes_the_check(name):
    rule = rules.find(name)
    for preset in rule.presets.values():
        assert preset.values.keys() <= rule.hypers.keys()
        rule.check({**rule.defaults, **preset.values})


DIALECTS = [(name, d) for name in rules.names() for d in rules.find(name).dialects]


@pytest.mark.parametrize(("name", "dialect"), DIALECTS)
def test_a_dialect_names_every_hyper_parameter_but_an_lr_that_must_be_given(name, dialect):
    rule = rules.find(name)
    found = rule.dialects[dialect]
    must = {"lr"} if "lr must be given" in found.by else set()
    assert found.values.keys() == rule.hypers.keys() - must
    rule.check({**rule.defaults, **found.values})


@pytest.mark.parametrize(("name", "dialect"), DIALECTS)
def test_the_defaults_are_the_torch_dialect(name, dialect):
    if dialect == "torch":
        assert rules.find(name).values(dialect=dialect) == rules.find(name).defaults


def test_a_preset_goes_before_a_dialect_and_a_dialect_before_the_defaults():
    values = rules.find("adam").values(dialect="keras", preset="article")
    assert (values["eps_at"], values["eps"], values["beta2"]) == ("hat", 1e-10, 0.99)


@pytest.mark.parametrize(
    ("rule", "chosen", "line"),
    [
        ("adam", {"dialect": "jax"}, "adam: no dialect is called 'jax'; there are torch, paper, "),
        ("lion", {"dialect": "keras"}, "lion: no dialect is called 'keras'; it has none"),
        ("adam", {"preset": "best"}, "adam: no preset is called 'best'; there are article"),
    ],
)
def test_an_unknown_dialect_or_preset_is_refused_with_those_there_are(rule, chosen, line):
    with pytest.raises(ValueError, match=f"^{line}"):
        rules.find(rule).values(**chosen)


@pytest.mark.parametrize("name", rules.names())
def test_every_default_says_where_it_comes_from(name):
    rule = rules.find(name)
    assert [hyper for hyper in rule.hypers if not rule.provenance(hyper)] == []


REFUSED = [
    ({"lr": -1.0}, r"^drift: lr=-1\.0 is outside \[0, inf\); 0\.1 is usual$"),
    ({"lr": float("nan")}, r"^drift: lr=nan is outside \[0, inf\); 0\.1 is usual$"),
    ({"lr": float("inf")}, r"^drift: lr=inf is outside \[0, inf\); 0\.1 is usual$"),
    ({"lr": "fast"}, r"^drift: lr='fast' is not a number$"),
    ({"lr": None}, r"^drift: lr=None is not a number$"),
    ({"lr": True}, r"^drift: lr=True is not a number$"),
    ({"beta1": 1.0}, r"^drift: beta1=1\.0 is outside \[0, 1\); 0\.9 is usual$"),
    ({"keep": "no"}, r"^drift: keep='no' is not one of False, True$"),
    ({"form": "c"}, r"^drift: form='c' is not one of 'a', 'b'$"),
]


@pytest.mark.parametrize(("values", "line"), REFUSED, ids=str)
def test_a_value_out_of_range_is_refused_with_the_range_and_the_way_out(values, line):
    rule = read(drift)
    with pytest.raises(ValueError, match=line):
        rule.check(rule.defaults | values)


@pytest.mark.parametrize("value", [0, 1e300, 5])
def test_a_value_on_the_edge_of_its_range_passes(value):
    rule = read(drift)
    rule.check(rule.defaults | {"lr": value})


def test_a_rate_of_numpy_s_own_float_passes():
    np = pytest.importorskip("numpy")
    rule = read(drift)
    rule.check(rule.defaults | {"lr": np.float32(0.1)})


def test_a_flag_may_be_said_as_a_number():
    rule = read(drift)
    rule.check(rule.defaults | {"keep": 1})


def unread():
    def swapped(grad, param, *, step: int): ...
    def bare(param, grad, speed, *, step: int): ...
    def greedy(param, grad, *states, step: int): ...
    def vague(param, grad, *, step: int, lr: Rate): ...

    return {
        swapped: "swapped: a rule's first two arguments are param and grad",
        bare: "bare: the state 'speed' needs a kind",
        greedy: "greedy: the state 'states' needs a kind",
        vague: "vague: the hyper-parameter 'lr' needs a default",
    }


@pytest.mark.parametrize(
    ("function", "line"), unread().items(), ids=lambda f: getattr(f, "__name__", "")
)
def test_a_signature_that_declares_no_rule_is_refused(function, line):
    with pytest.raises(TypeError, match=line):
        read(function)


def test_an_unknown_name_is_refused_with_near_ones():
    with pytest.raises(ValueError, match=r"^no rule is called 'adamm'; did you mean adam"):
        rules.find("adamm")


def test_the_folder_is_the_registry():
    assert rules.names() == sorted(rules.names())
    assert {
        "sgd",
        "adam",
        "adamw",
        "nadam",
        "radam",
        "adamax",
        "adagrad",
        "rmsprop",
        "adadelta",
        "lion",
    } <= set(rules.names())


def test_a_hyper_parameter_without_a_range_takes_any_number():
    def free(param, grad, *, step: int, tilt: float = 0.0): ...

    read(free).check({"tilt": -1e9})


def test_a_hyper_parameter_of_one_s_own_range_says_it():
    def own(param, grad, *, step: int, tilt: Annotated[float, Between(-1, 1)] = 0.5): ...

    with pytest.raises(ValueError, match=r"^own: tilt=2 is outside \[-1, 1\]; 0\.5 is usual$"):
        read(own).check({"tilt": 2})
