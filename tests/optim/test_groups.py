"""A model's parameters are split by what they are and where they stand, and the factor holds."""

import copy
import math
import pickle
from typing import Annotated

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler as torch_schedulers

import thalweg
from tests.optim.problem import feed, same, values, walk, weights
from thalweg import tasks
from thalweg.rules.kinds import Rate, number
from thalweg.schedules import constant, cosine, ramp

ENGINES = ["cpu", "eager", "oracle"]


def split(model, *args, **kwargs):
    return thalweg.groups(model, *args, quiet=True, **kwargs)


def spared(model, **kwargs):
    """The names of what does not decay."""
    return {n for g in split(model, **kwargs) if not g["weight_decay"] for n in g["param_names"]}


def factors(model, layer_decay=0.5, **kwargs):
    """Layers from the top, by name."""
    found = {}
    for group in split(model, layer_decay=layer_decay, **kwargs):
        depth = math.log(group["lr_factor"], layer_decay)
        found |= dict.fromkeys(group["param_names"], round(depth, 9))
    return found


class RMSPerHead(nn.RMSNorm):
    """The gain stored for each head: two dimensions, as a matrix has."""

    def __init__(self):
        super().__init__((2, 4))


class MyLayerNormalization(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(1, width))


class NormedLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))


class NormalHead(NormedLinear):
    pass


class TokenEmbedding(NormedLinear):
    pass


class Picture(nn.Module):
    """A small vision transformer's outline: bare inputs, blocks, a head made before them."""

    def __init__(self, blocks=3):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 4))
        self.pos_embed = nn.Parameter(torch.zeros(1, 5, 4))
        self.head = nn.Linear(4, 10)
        self.patch = nn.Conv2d(1, 4, 2)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
            for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(4)


class Language(nn.Module):
    """Embedding and head share one weight."""

    def __init__(self):
        super().__init__()
        self.symbol = nn.Embedding(7, 4)
        self.blocks = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
        self.head = nn.Linear(4, 7)
        self.head.weight = self.symbol.weight


class Stages(nn.Module):
    """As ResNets are written: numbered attributes, no container around them."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3)
        self.layer1 = nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3))
        self.layer2 = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3))
        self.layer3 = nn.Sequential(nn.Conv2d(4, 8, 3), nn.Conv2d(8, 8, 3))
        self.fc = nn.Linear(8, 10)


# ── what decays ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "norm",
    [
        nn.LayerNorm(4),
        nn.GroupNorm(2, 4),
        nn.BatchNorm2d(4),
        nn.SyncBatchNorm(4),
        nn.InstanceNorm1d(4, affine=True),
        nn.RMSNorm(4),
        RMSPerHead(),
        MyLayerNormalization(4),
    ],
    ids=lambda norm: type(norm).__name__,
)
def test_no_norm_layer_decays_however_its_gain_is_stored(norm):
    model = nn.Sequential(nn.Linear(4, 4, bias=False), norm)
    names = {name for name, _ in model.named_parameters()}
    assert spared(model) == names - {"0.weight"}
    assert spared(model, no_decay="norm") == names - {"0.weight"}


@pytest.mark.parametrize("layer", [NormedLinear(), NormalHead()], ids=["NormedLinear", "Normal"])
def test_a_matrix_whose_class_only_speaks_of_norms_decays(layer):
    assert spared(layer) == set()


@pytest.mark.parametrize("layer", [nn.Embedding(3, 3), nn.EmbeddingBag(3, 3), TokenEmbedding()])
def test_no_embedding_decays(layer):
    assert spared(layer) == {"weight"}
    assert spared(layer, no_decay="bias, norm") == set()


def test_bare_inputs_are_embeddings_and_the_patch_projection_is_none():
    names = spared(Picture(), no_decay="embedding")
    assert names == {"cls_token", "pos_embed"}


@pytest.mark.parametrize(
    "layer", [nn.LSTM(3, 4, 2), nn.MultiheadAttention(4, 2, add_bias_kv=True), nn.Conv1d(3, 4, 2)]
)
def test_every_bias_is_known_by_its_name(layer):
    found = spared(layer, no_decay="bias")
    assert found == {n for n, _ in layer.named_parameters() if "bias" in n}
    assert found


def test_a_head_that_shares_the_embedding_s_weight_is_an_embedding():
    for turned in (False, True):
        model = Language()
        if turned:  # the head is registered first, and gives the weight its name
            modules = dict(reversed(model._modules.items()))
            model._modules.clear()
            model._modules.update(modules)
        found = split(model, layer_decay=0.5)
        shared = [g for g in found if any(p is model.symbol.weight for p in g["params"])]
        assert [g["weight_decay"] for g in shared] == [0.0]
        assert shared[0]["lr_factor"] == 0.125
        assert sum(len(g["params"]) for g in found) == len(list(model.parameters()))
        first, other = ("head", "symbol") if turned else ("symbol", "head")
        assert f"tied: {other}.weight is {first}.weight, given once" in str(found)


def test_a_parametrized_weight_is_what_it_was():
    model = nn.Sequential(nn.Embedding(3, 4), nn.Linear(4, 4), nn.LayerNorm(4))
    nn.utils.parametrize.register_parametrization(model[0], "weight", nn.Identity())
    nn.utils.parametrizations.orthogonal(model[1])
    nn.utils.parametrize.register_parametrization(model[1], "bias", nn.Identity())
    assert spared(model) == {n for n, _ in model.named_parameters()} - {
        "1.parametrizations.weight.original"
    }


def test_a_module_that_stands_in_two_places_is_given_once():
    block = nn.Linear(3, 3)
    found = split(nn.Sequential(block, nn.ReLU(), block))
    assert [g["param_names"] for g in found] == [["0.weight"], ["0.bias"]]


@pytest.mark.parametrize("no_decay", ["bias, 1.*", ["bias", "1.*"], ("1.*", "bias"), "bias,1.*,"])
def test_kinds_and_patterns_come_as_words_or_as_a_list(no_decay):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert spared(model, no_decay=no_decay) == {"0.bias", "1.weight", "1.bias"}


def test_a_pattern_fits_any_name_of_a_tied_weight():
    assert spared(Language(), no_decay="head.weight") == {"symbol.weight"}


def test_with_no_words_everything_decays():
    assert spared(Language(), no_decay="") == spared(Language(), no_decay=[]) == set()


def test_vectors_that_decay_are_pointed_at_and_can_be_spared():
    model = nn.Sequential(nn.Linear(2, 2), nn.PReLU())
    assert 'vectors that decay: 1.weight; "vector" in no_decay' in str(split(model))
    assert spared(model, no_decay="vector") == {"0.bias", "1.weight"}
    assert "vectors" not in str(split(model, no_decay="vector"))
    model[1].requires_grad_(False)
    assert "vectors" not in str(split(model))


@pytest.mark.parametrize(
    ("no_decay", "line"),
    [
        ("bias, nrom", r"no_decay='nrom' is none of bias, .*; did you mean 'norm'\?$"),
        ("blocks", r"no_decay='blocks' .*; did you mean 'blocks\.\*'\?$"),
        ("*.gamma", r"no_decay='\*\.gamma' is none of .* and fits no parameter's name$"),
    ],
)
def test_an_unknown_word_is_one_clear_line(no_decay, line):
    with pytest.raises(ValueError, match=r"^groups: " + line) as error:
        split(Language(), no_decay=no_decay)
    assert "\n" not in str(error.value)


def test_frozen_parameters_are_left_out_and_said():
    model = Language()
    model.blocks[0].requires_grad_(False)
    found = split(model, no_decay="blocks.0.*, bias")  # a frozen name is still a name
    assert not {n for g in found for n in g["param_names"]} & {"blocks.0.weight", "blocks.0.bias"}
    assert "frozen, left out: 2 tensors, 20 numbers: blocks.0.weight, blocks.0.bias" in str(found)


def test_freezing_moves_no_factor():
    model = Picture()
    before = factors(model)
    model.head.requires_grad_(False)
    model.norm.requires_grad_(False)
    after = factors(model)
    assert after.items() <= before.items()
    assert 0 not in after.values()


@pytest.mark.parametrize(
    ("model", "settings", "line"),
    [
        (nn.ReLU(), {}, "ReLU has nothing to train; it has no parameters"),
        (nn.Linear(1, 1).requires_grad_(False), {}, "all its parameters are frozen"),
        (nn.Linear(1, 1), {"weight_decay": -1}, r"weight_decay=-1 is outside \[0, inf\)"),
        (nn.Linear(1, 1), {"weight_decay": math.nan}, r"weight_decay=nan is outside"),
        (nn.Linear(1, 1), {"layer_decay": 0}, r"layer_decay=0 is outside \(0, 1\]"),
        (nn.Linear(1, 1), {"layer_decay": 1.5}, r"layer_decay=1.5 is outside \(0, 1\]"),
        (nn.Linear(1, 1), {"layer_decay": 0.5}, "layer_decay needs numbered blocks, and Linear"),
        (nn.LazyLinear(3), {}, "weight has no shape yet"),
    ],
)
def test_what_can_t_be_split_is_refused_in_one_line(model, settings, line):
    with pytest.raises(ValueError, match=r"^groups: .*" + line) as error:
        split(model, **settings)
    assert "\n" not in str(error.value)


def test_parameters_without_their_modules_are_refused():
    with pytest.raises(TypeError, match=r"^groups: model is a generator"):
        split(nn.Linear(1, 1).parameters())


# ── how fast each layer learns ─────────────────────────────────────────────────────────────────


def test_embeddings_are_the_bottom_and_the_head_is_the_top():
    found = factors(Picture(blocks=3))
    bottom = {"cls_token", "pos_embed", "patch.weight", "patch.bias"}
    assert {n for n, depth in found.items() if depth == 4} == bottom
    assert {n for n, depth in found.items() if depth == 0} == {
        "head.weight",  # made before the blocks; its name tells
        "head.bias",
        "norm.weight",
        "norm.bias",
    }
    assert [found[f"blocks.{i}.1.weight"] for i in range(3)] == [3, 2, 1]


def test_the_factors_are_those_of_beit():
    # There: depth + 2 layers, and the rate of layer i is decay^(depth + 1 - i).
    depth, decay = 12, 0.65
    made = {g["name"].partition(",")[0]: g for g in split(Picture(depth), layer_decay=decay)}
    expected = [decay ** (depth + 1 - i) for i in range(depth + 2)]
    assert [made[f"layer {i}"]["lr_factor"] for i in range(depth + 2)] == pytest.approx(expected)


def test_a_plain_stack_counts_the_children_that_have_parameters():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2))
    found = factors(model, no_decay="")
    assert [found[f"{i}.weight"] for i in (0, 2, 3)] == [2, 1, 0]


def test_an_embedding_in_a_plain_stack_is_below_all_blocks():
    model = nn.Sequential(nn.Embedding(50, 4), nn.Linear(4, 4), nn.Linear(4, 2))
    assert [factors(model)[f"{i}.weight"] for i in range(3)] == [2, 1, 0]


def test_a_list_of_embeddings_is_no_stack_of_blocks():
    model = nn.Module()
    model.tables = nn.ModuleList(nn.Embedding(100, 4) for _ in range(3))
    model.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
    found = factors(model)
    assert [found[f"tables.{i}.weight"] for i in range(3)] == [2, 2, 2]
    assert [found[f"blocks.{i}.weight"] for i in range(2)] == [1, 0]


def test_a_wrapper_around_the_blocks_is_seen_through():
    found = factors(nn.Sequential(Picture(blocks=4), nn.Linear(10, 2)))
    assert [found[f"0.blocks.{i}.1.weight"] for i in range(4)] == [4, 3, 2, 1]
    assert found["1.weight"] == 0


def test_stacks_inside_of_blocks_are_not_taken_for_them():
    model = tasks.find("characters").make_model()  # two blocks, each with a stack of three
    found = factors(model)
    assert found["symbol.weight"] == 3
    assert [found[f"blocks.{i}.think.1.weight"] for i in range(2)] == [2, 1]
    assert found["next_symbol.weight"] == 0


def test_numbered_attributes_are_blocks_too():
    found = factors(Stages())
    assert [found[n] for n in ("conv1.weight", "layer1.1.weight", "layer3.0.weight")] == [4, 3, 1]
    assert found["fc.weight"] == 0


def test_without_layer_decay_no_group_has_a_factor():
    assert not any("lr_factor" in group for group in split(Picture()))


# ── the table ──────────────────────────────────────────────────────────────────────────────────


def test_the_split_is_printed_once_and_is_its_own_text(capsys):
    found = thalweg.groups(nn.Sequential(nn.Linear(30, 40), nn.LayerNorm(40)), weight_decay=0.05)
    text = """\
group     decay  lr factor  tensors  numbers  names
decay     0.05   1          1        1,200    0.weight
no decay  0      1          3        120      0.bias, 1.weight and 1 more
"""
    assert capsys.readouterr().out == text
    assert str(found) == repr(found) == text.rstrip("\n")
    thalweg.groups(nn.Linear(1, 1), quiet=True)
    assert capsys.readouterr().out == ""


def test_the_table_counts_everything_once():
    model = Picture()
    found = split(model, layer_decay=0.9)
    assert sum(p.numel() for g in found for p in g["params"]) == sum(
        p.numel() for p in model.parameters()
    )
    assert len({g["name"] for g in found}) == len(found)  # loggers ask for unique names


def test_a_split_copies_and_pickles():
    found = split(Language())
    for twin in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert str(twin) == str(found)
        assert twin.notes == found.notes


# ── in an optimizer ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("make", [thalweg.AdamW, torch.optim.AdamW], ids=["thalweg", "torch"])
def test_names_go_into_the_optimizer_and_its_state_dict(make):
    model = Picture()
    opt = make(split(model), lr=1e-3)
    names = [n for group in opt.param_groups for n in group["param_names"]]
    assert sorted(names) == sorted(n for n, _ in model.named_parameters())
    written = opt.state_dict()["param_groups"]
    assert [n for group in written for n in group["param_names"]] == names
    assert [g["weight_decay"] for g in opt.param_groups] == [0.1, 0.0]


def test_a_decay_on_a_schedule_is_one_for_those_that_decay():
    model = nn.Linear(2, 2)
    opt = thalweg.AdamW(split(model, weight_decay=ramp(0.0, 0.2, steps=2)), lr=0.1)
    walk(opt, list(model.parameters()), 3)
    assert [g["weight_decay"] for g in opt.param_groups] == [0.2, 0.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_factor_is_a_rate_of_its_own(engine):
    ours, theirs = weights(), weights()
    opt = thalweg.AdamW(
        [{"params": ours[:1], "lr_factor": 0.25}, {"params": ours[1:]}], lr=0.1, engine=engine
    )
    other = torch.optim.AdamW(
        [{"params": theirs[:1], "lr": 0.025}, {"params": theirs[1:]}], lr=0.1, foreach=False
    )
    expected = walk(other, theirs, 5)
    for mine, wanted in zip(walk(opt, ours, 5), expected, strict=True):
        torch.testing.assert_close(mine, wanted, rtol=1e-12, atol=1e-14)
    assert [g["lr"] for g in opt.param_groups] == [0.1, 0.1]  # what schedulers and loggers see


@pytest.mark.parametrize(
    "scheduler",
    [
        lambda o: torch_schedulers.CosineAnnealingLR(o, 6, eta_min=0.01),
        lambda o: torch_schedulers.OneCycleLR(o, 0.2, total_steps=10),
        lambda o: torch_schedulers.LambdaLR(o, lambda t: 0.9**t),
    ],
    ids=["cosine", "one_cycle", "lambda"],
)
@pytest.mark.parametrize("tensor", [False, True], ids=["float", "tensor"])
def test_a_factor_survives_torch_s_schedulers(scheduler, tensor):
    params, plain = weights(), weights()
    lr = torch.tensor(0.1, dtype=torch.float64) if tensor else 0.1
    opt = thalweg.SGD([{"params": params, "lr_factor": 0.5}], lr=lr, momentum=0.9)
    plan = scheduler(opt)
    other = thalweg.SGD(plain, lr=0.1, momentum=0.9)
    shadow = scheduler(thalweg.SGD(weights(), lr=0.1, momentum=0.9))
    for t in range(6):
        momentum = opt.param_groups[0]["momentum"]  # one_cycle moves it too
        other.param_groups[0].update(lr=0.5 * shadow.get_last_lr()[0], momentum=momentum)
        walk(opt, params, range(t, t + 1))
        walk(other, plain, range(t, t + 1))
        shadow.optimizer._opt_called = True  # its weights do not matter, its rates do
        plan.step(), shadow.step()
        assert float(opt.param_groups[0]["lr"]) == pytest.approx(shadow.get_last_lr()[0])
    torch.testing.assert_close(params, plain, rtol=1e-12, atol=1e-14)


def test_a_factor_survives_a_schedule_of_ours_and_what_it_holds():
    params, plain = weights(), weights()
    rate = cosine(0.1, steps=10, warmup=2)
    momentum = ramp(0.5, 0.9, steps=10, hold="effective_lr")
    opt = thalweg.SGD([{"params": params, "lr_factor": 0.5}], lr=rate, momentum=momentum)
    other = thalweg.SGD(plain, lr=0.5 * rate, momentum=momentum)
    for mine, wanted in zip(walk(opt, params, 12), walk(other, plain, 12), strict=True):
        torch.testing.assert_close(mine, wanted, rtol=1e-12, atol=1e-14)
    assert opt.param_groups[0]["lr"] == rate(11)


def test_a_state_that_starts_at_lr_starts_at_the_factored_one():
    def striding(param, grad, *, step: int, lr: Rate = 0.1, stride: Annotated[float, number("lr")]):
        return param - stride * grad, stride

    p = nn.Parameter(torch.zeros(1))
    opt = thalweg.optimizer(striding)([{"params": [p], "lr_factor": 0.5}], lr=1.0)
    p.grad = torch.ones(1)
    opt.step()
    assert p.item() == -0.5


def test_a_factor_of_one_changes_no_bit_and_of_zero_moves_nothing():
    one, none, still = weights(), weights(), weights()
    walk(thalweg.Adam([{"params": one, "lr_factor": 1.0}]), one, 3)
    walk(thalweg.Adam(none), none, 3)
    assert same(values(one), values(none))
    walk(thalweg.Adam([{"params": still, "lr_factor": 0}]), still, 3)
    assert same(values(still), values(weights()))


def test_a_factor_is_saved_and_loaded():
    params = weights()
    opt = thalweg.AdamW([{"params": params, "lr_factor": 0.25}], lr=constant(0.1))
    walk(opt, params, 2)
    written = opt.state_dict()
    assert written["param_groups"][0]["lr_factor"] == 0.25
    other = thalweg.AdamW([{"params": params, "lr_factor": 1.0}], lr=0.1)
    other.load_state_dict(written)
    assert other.param_groups[0]["lr_factor"] == 0.25


@pytest.mark.parametrize("factor", [-1, math.nan, math.inf, True, "half", torch.tensor(0.5)])
def test_a_factor_that_is_none_is_refused_in_one_line(factor):
    with pytest.raises(ValueError, match=r"^sgd: lr_factor=.* is outside \[0, inf\); 1 is usual$"):
        thalweg.SGD([{"params": weights(), "lr_factor": factor}])


def test_a_rule_without_lr_has_nothing_to_multiply():
    def plain(param, grad, *, step: int, rate: float = 0.1):
        return param - rate * grad

    kind = thalweg.optimizer(plain)
    with pytest.raises(ValueError, match=r"^plain: lr_factor=0.5 has no lr to multiply"):
        kind([{"params": weights(), "lr_factor": 0.5}])


def test_for_torch_the_factor_is_multiplied_into_lr():
    mine, other = Picture(), Picture()
    other.load_state_dict(mine.state_dict())
    ours = thalweg.AdamW(split(mine, layer_decay=0.5), lr=0.1)
    found = split(other, layer_decay=0.5)
    for group in found:  # as the docstring says
        group["lr"] = 0.1 * group.pop("lr_factor", 1.0)
    theirs = torch.optim.AdamW(found)
    plans = [torch_schedulers.CosineAnnealingLR(opt, 5) for opt in (ours, theirs)]
    for t in range(4):
        for model, opt, plan in zip((mine, other), (ours, theirs), plans, strict=True):
            feed(list(model.parameters()), t)
            opt.step()
            plan.step()
    for a, b in zip(mine.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
