"""Threads, forks and other processes get the same bits; odd tensors never end the process."""

import multiprocessing
import threading

import pytest
import torch
from torch.nn import Parameter

import thalweg
from tests.optim.problem import NAMES, kind, run, same, values, walk, weights
from thalweg.engines.survey import survey


@pytest.mark.parametrize(
    "name", [n if n in ("sgd", "adamw") else pytest.param(n, marks=pytest.mark.slow) for n in NAMES]
)
def test_one_thread_and_two_give_the_same_bits(name):
    before, ends = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            params = weights(torch.float32, shapes=[(40_001,), (7,), (300, 301)])
            ends.append(walk(kind(name)(params, lr=0.01), params, 2))
    finally:
        torch.set_num_threads(before)
    assert same(*ends)


def test_four_threads_with_an_optimizer_each_equal_four_in_a_row():
    makers = [thalweg.SGD, thalweg.Adam, thalweg.Lion, thalweg.Adagrad]

    def train(make, out, at):
        params = weights(torch.float32, shapes=[(40_001,), (7,)])
        out[at] = walk(make(params, lr=0.01), params, 20)

    serial, parallel = [None] * 4, [None] * 4
    for at, make in enumerate(makers):
        train(make, serial, at)
    threads = [threading.Thread(target=train, args=(m, parallel, i)) for i, m in enumerate(makers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(a, b) for a, b in zip(serial, parallel, strict=True))


def test_a_gradient_dropped_by_another_thread_ends_no_process():
    run("""
    import threading
    p = Parameter(torch.ones(300_000)); g = torch.ones(300_000)
    opt = thalweg.SGD([p], lr=1e-6)
    done = False
    def drop():
        while not done:
            p.grad = None
            p.grad = g.clone()
    thread = threading.Thread(target=drop); thread.start()
    for _ in range(300):
        try: opt.step()
        except RuntimeError: pass
    done = True; thread.join()
    """)


def child(pipe):
    params = weights(torch.float32, shapes=[(40_001,), (7,)])
    pipe.send([p.tolist() for p in walk(thalweg.Adam(params, lr=0.01), params, 2)])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("way", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_a_child_born_after_a_step_steps_too(way):
    params = weights(torch.float32, shapes=[(40_001,), (7,)])
    expected = walk(thalweg.Adam(params, lr=0.01), params, 2)
    context = multiprocessing.get_context(way)
    ours, theirs = context.Pipe()
    process = context.Process(target=child, args=(theirs,))
    process.start()
    assert ours.poll(60), "the child hangs"
    found = [torch.tensor(x) for x in ours.recv()]
    process.join(30)
    assert process.exitcode == 0
    assert same(found, expected)


def test_starting_the_kernels_threads_leaves_torch_s_number_of_threads_alone():
    said = run("""
        import torch
        import thalweg

        torch.set_num_threads(3)
        x = torch.nn.Parameter(torch.ones(100_000))
        x.grad = torch.ones_like(x)
        thalweg.AdamW([x]).step()
        print(torch.get_num_threads(), x[0].item() < 1)
    """)
    assert said.split() == ["3", "True"]


def test_the_parent_goes_on_after_a_fork():
    params = weights(torch.float32)
    opt = thalweg.Adam(params, lr=0.01)
    walk(opt, params, 1)
    test_a_child_born_after_a_step_steps_too("fork")
    before = values(params)
    walk(opt, params, range(1, 2))
    assert not same(values(params), before)


def test_both_surveyors_see_the_same():
    script = """
    from tests.optim.problem import kind, walk, weights
    for name in ("sgd", "adam", "nadam"):
        params = weights(torch.float32)
        print([p.tolist() for p in walk(kind(name)(params, lr=0.01), params, 3)])
    """
    assert run(script, THALWEG_SURVEY="python") == run(script, THALWEG_SURVEY="")


def test_a_step_in_the_first_inference_mode_of_a_process_works():
    printed = run("""
    p = Parameter(torch.zeros(3)); p.grad = torch.ones(3)
    with torch.inference_mode():
        opt = thalweg.SGD([p], lr=1.0)
        opt.step()
    opt.step()
    print(p.tolist())
    """)
    assert printed.strip() == "[-2.0, -2.0, -2.0]"


def test_inference_tensors_step_inside_and_are_refused_outside():
    printed = run("""
    p = Parameter(torch.zeros(3)); p.grad = torch.ones(3)
    thalweg.SGD([p], lr=1.0)
    with torch.inference_mode():
        q = Parameter(torch.zeros(3)); q.grad = torch.ones(3)
        opt = thalweg.SGD([q], lr=1.0)
        opt.step()
    print(q.tolist())
    try: opt.step()
    except RuntimeError as error: print("refused" if "nference" in str(error) else error)
    """)
    assert printed.splitlines() == ["[-1.0, -1.0, -1.0]", "refused"]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
@pytest.mark.parametrize(
    ("grad", "moved"),
    [("torch._efficientzerotensor(3)", 0.0), ("TwoTensor(torch.ones(3), torch.ones(3))", -2.0)],
    ids=["a zero without memory", "a subclass without memory"],
)
def test_a_gradient_without_memory_of_its_own_ends_no_process(grad, moved, later):
    printed = run(f"""
    from torch.testing._internal.two_tensor import TwoTensor
    p = Parameter(torch.zeros(3))
    opt = thalweg.SGD([p], lr=1.0)
    if {later}:
        p.grad = torch.zeros(3); opt.step()
    p.grad = {grad}
    opt.step()
    print(float(p.sum()))
    """)
    # torch's two-tensor adds both its halves when it meets a plain one.
    assert float(printed) in (3 * moved, 1.5 * moved)


@pytest.mark.parametrize("name", NAMES)
def test_meta_tensors_step_without_a_word(name):
    p = Parameter(torch.ones(3, device="meta"))
    p.grad = torch.ones(3, device="meta")
    opt = kind(name)([p])
    opt.step()
    assert opt.state[p]["step"] == 1


def test_the_fast_surveyor_is_found_whatever_the_default_device():
    printed = run("""
    from thalweg.engines.survey import survey
    p = Parameter(torch.zeros(3)); p.grad = torch.ones(3)
    with torch.device("meta"):
        thalweg.SGD([p]).step()
    print(type(survey([p], [{"step": 1}], [])).__name__)
    """)
    p = Parameter(torch.zeros(3))
    p.grad = torch.ones(3)
    assert printed.strip() == type(survey([p], [{"step": 1}], [])).__name__
