"""An optimizer is made as torch's are made, and has what torch's have."""

import copy
import inspect
import pickle

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, TWINS, kind, same, twin, values, walk, weights
from thalweg.rules.kinds import Rate, Zeros


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_torch_optimizer(name):
    assert isinstance(kind(name)(weights()), torch.optim.Optimizer)


@pytest.mark.parametrize("name", TWINS)
def test_positional_arguments_mean_what_they_mean_in_torch(name):
    def positional(make):
        found = list(inspect.signature(make).parameters.values())
        return [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]

    theirs = positional(twin(name))
    assert positional(kind(name))[: len(theirs)] == theirs


@pytest.mark.parametrize("name", TWINS)
def test_every_argument_of_torch_is_taken_with_torch_s_default(name):
    theirs, ours = (inspect.signature(make).parameters for make in (twin(name), kind(name)))
    assert {n: p.default for n, p in theirs.items()} == {n: ours[n].default for n in theirs}


@pytest.mark.parametrize("name", TWINS)
def test_defaults_and_groups_have_every_key_of_torch_s(name):
    theirs, ours = twin(name)(weights()), kind(name)(weights())
    own = {"decoupled_weight_decay"} if name == "adamw" else set()  # torch's AdamW forces it
    assert theirs.defaults.keys() - own <= ours.defaults.keys()
    assert theirs.param_groups[0].keys() - own <= ours.param_groups[0].keys()
    assert ours.param_groups[0].keys() - {"params"} <= ours.defaults.keys()


def test_parameters_come_as_a_generator_a_list_groups_or_names():
    model = torch.nn.Linear(3, 2)
    for params in (
        model.parameters(),
        list(model.parameters()),
        [{"params": model.parameters()}],
        [{"params": model.weight}, {"params": [model.bias], "lr": 0.5}],
        model.named_parameters(),
        [{"params": list(model.named_parameters()), "lr": 0.5}],
    ):
        opt = thalweg.Adam(params)
        assert sum(len(group["params"]) for group in opt.param_groups) == 2


def test_names_are_kept_in_the_group_and_in_the_state_dict():
    opt = thalweg.Adam(torch.nn.Linear(3, 2).named_parameters())
    assert opt.param_groups[0]["param_names"] == ["weight", "bias"]
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


@pytest.mark.parametrize("params", [[], torch.ones(2), [torch.ones(2).numpy()]], ids=str)
def test_what_torch_refuses_as_parameters_is_refused_alike(params):
    with pytest.raises((TypeError, ValueError)) as theirs:
        torch.optim.Adam(params)
    with pytest.raises(type(theirs.value)):
        thalweg.Adam(params)


def test_a_parameter_in_two_groups_is_refused():
    p = Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="more than one"):
        thalweg.Adam([{"params": [p]}, {"params": [p]}])


def test_a_group_s_own_number_is_used_and_the_rest_filled_in():
    a, b = (Parameter(torch.zeros(1)) for _ in range(2))
    opt = thalweg.SGD([{"params": [a], "lr": 1.0}, {"params": [b]}], lr=0.5)
    a.grad, b.grad = torch.ones(1), torch.ones(1)
    opt.step()
    assert (a.item(), b.item()) == (-1.0, -0.5)


def test_a_group_added_later_steps_from_then_on():
    a, b = (Parameter(torch.zeros(1)) for _ in range(2))
    opt = thalweg.Adam([a], lr=0.5, eps=0.0)
    a.grad, b.grad = torch.ones(1), torch.ones(1)
    opt.step()
    opt.add_param_group({"params": [b], "lr": 0.25})
    opt.step()
    assert b.item() == pytest.approx(-0.25)
    assert opt.param_groups[1]["betas"] == (0.9, 0.999)


def test_a_group_with_a_bad_number_is_not_added():
    opt = thalweg.Adam([Parameter(torch.zeros(1))])
    with pytest.raises(ValueError, match=r"^adam: lr=-1 is outside"):
        opt.add_param_group({"params": [Parameter(torch.zeros(1))], "lr": -1})
    assert len(opt.param_groups) == 1


def test_foreign_keys_stay_in_the_group():
    opt = thalweg.Adam([{"params": [Parameter(torch.zeros(1))], "lr_scale": 0.5}])
    opt.load_state_dict(opt.state_dict())
    assert opt.param_groups[0]["lr_scale"] == 0.5


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_group_and_an_empty_tensor_do_no_harm(name):
    empty, p = Parameter(torch.zeros(0, 3)), Parameter(torch.ones(2))
    opt = kind(name)([{"params": [p, empty]}, {"params": []}], lr=0.1)
    p.grad, empty.grad = torch.ones(2), torch.zeros(0, 3)
    opt.step()
    opt.load_state_dict(opt.state_dict())
    opt.step()
    assert p.ne(1).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_a_copy_goes_on_as_the_original_does(name, copied):
    params = weights()
    opt = kind(name)(params, lr=0.01)
    walk(opt, params, 3)
    other = copied(opt)
    theirs = other.param_groups[0]["params"]
    assert type(other) is type(opt)
    assert same(walk(opt, params, range(3, 6)), walk(other, theirs, range(3, 6)))


def heavy(param, grad, speed: Zeros, *, step: int, lr: Rate = 0.1):
    """Heavy: a user's own rule."""
    speed = 0.9 * speed + grad
    return param - lr * speed, speed


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_a_user_s_own_rule_can_be_copied(copied):
    params = weights()
    opt = thalweg.optimizer(heavy)(params)
    before = walk(opt, params, 2)
    other = copied(opt)
    assert same(values(other.param_groups[0]["params"]), before)
    other.step()


class Mine(thalweg.Adam):
    """A user's subclass."""

    def halve(self):
        self.param_groups[0]["lr"] /= 2


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"]
)
def test_a_user_s_subclass_stays_itself_in_a_copy(copied):
    other = copied(Mine(weights()))
    assert type(other) is Mine


def test_the_class_itself_pickles():
    assert pickle.loads(pickle.dumps(thalweg.Adam)) is thalweg.Adam


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_argument_is_a_type_error_that_lists_the_known(name):
    with pytest.raises(TypeError, match=r"learning_rate.*it takes lr"):
        kind(name)(weights(), learning_rate=0.1)


def test_flags_that_exclude_each_other_are_refused_as_in_torch():
    for flags in ({"fused": True, "foreach": True}, {"fused": True, "differentiable": True}):
        with pytest.raises(RuntimeError):
            torch.optim.Adam(weights(), **flags)
        with pytest.raises(RuntimeError):
            thalweg.Adam(weights(), **flags)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "flags", [{"foreach": True}, {"fused": True}, {"capturable": True}], ids=str
)
def test_a_flag_that_no_engine_needs_changes_nothing(name, flags):
    plain, flagged = weights(), weights()
    expected = walk(kind(name)(plain, lr=0.01), plain, 2)
    assert same(walk(kind(name)(flagged, lr=0.01, **flags), flagged, 2), expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": torch.ones(2)},
        {"betas": (0.9,)},
        {"betas": 0.9},
        {"betas": (0.9, 1.0)},
        {"engine": "gpu"},
        {"preset": "best"},
        {"eps": -1e-8},
        {"weight_decay": -1.0},
    ],
    ids=str,
)
def test_a_bad_setting_is_one_line_about_it(settings):
    with pytest.raises(ValueError, match=next(iter(settings)).removesuffix("s")) as error:
        thalweg.Adam(weights(), **settings)
    assert "\n" not in str(error.value)


def test_a_printed_optimizer_shows_its_groups():
    assert "lr: 0.001" in repr(thalweg.Adam(weights()))


@pytest.mark.parametrize(
    "word", ["number", "i", "k0", "np", "memory", "at_param", "one", "v5", "count", "address"]
)
def test_a_user_may_call_a_state_what_the_kernel_calls_something_else(word):
    space = {"Zeros": Zeros, "Rate": Rate, "__name__": __name__}
    exec(
        f"def rule(param, grad, {word}: Zeros, *, step: int, lr: Rate = 0.1):\n"
        f"    {word} = 0.5 * {word} + grad\n"
        f"    return param - lr * {word}, {word}",
        space,
    )
    ends = []
    for engine in ("cpu", "oracle"):
        p = Parameter(torch.ones(3, dtype=torch.float64))
        p.grad = torch.ones_like(p)
        opt = thalweg.optimizer(space["rule"])([p], engine=engine)
        opt.step(), opt.step()
        ends.append(p.data)
    assert same(*[[e] for e in ends])


def test_a_user_s_rule_need_not_ask_for_the_step():
    def plain(param, grad, *, lr: Rate = 0.5):
        return param - lr * grad

    p = Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    thalweg.optimizer(plain)([p]).step()
    assert p.eq(0.5).all()


@pytest.mark.parametrize("engine", ["cpu", "eager", "oracle"])
def test_a_rule_that_forgets_to_return_a_state_is_told_so(engine):
    def forgetful(param, grad, speed: Zeros, *, step: int, lr: Rate = 0.5):
        return param - lr * grad

    p = Parameter(torch.ones(3))
    p.grad = torch.ones(3)
    with pytest.raises(TypeError, match="forgetful"):
        thalweg.optimizer(forgetful)([p], engine=engine).step()
    assert p.eq(1.0).all()
