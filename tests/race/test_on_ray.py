"""On Ray the records are those of this process, also when a worker is killed."""

import sys
from dataclasses import replace

import pytest

from tests.race.odd import VARIED, Orders, ask, job, timeless
from thalweg import tasks
from thalweg.race.executors import Failure, Inline, executor
from thalweg.race.reference import Reference

pytest.importorskip("ray")


@pytest.fixture(scope="module")
def order(tmp_path_factory):
    return Orders(tmp_path_factory.mktemp("task"))


@pytest.fixture(scope="module")
def cluster(order):
    """A Ray cluster of this machine, with two workers."""
    with executor("ray", Reference.of(order.name), workers=2) as made:
        yield made


def test_ray_gives_the_records_of_this_process(cluster, order):
    assert cluster.size == 2
    here = ask(Inline(Reference.of(order.name)), VARIED)
    for [record], [wanted] in zip(ask(cluster, VARIED), here, strict=True):
        assert timeless(record) == timeless(wanted)


def test_a_killed_ray_worker_takes_its_own_work_along_and_nothing_else(cluster, order):
    order("os.kill(os.getpid(), 9)")
    jobs = [job(seed) for seed in range(6)]
    found = ask(cluster, jobs)
    [lost] = [one for one in found if isinstance(one, Failure)]
    assert lost.kind == "lost"
    assert "\n" not in lost.reason
    left = [one for one, result in zip(jobs, found, strict=True) if result is lost]
    found = [result for result in (*found, *ask(cluster, left)) if result is not lost]
    here = ask(Inline(Reference.of(order.name)), jobs)
    both = [sorted(timeless(record) for [record] in results) for results in (found, here)]
    assert both[0] == both[1]


def test_a_failure_on_ray_is_the_same_line_as_here(cluster, order):
    wrong = job(hypers={"lr": -1.0})
    assert ask(cluster, [wrong]) == ask(Inline(Reference.of(order.name)), [wrong])


def test_a_task_made_in_code_goes_to_a_cluster_that_runs_already(cluster):
    bowl = tasks.find("bowl")
    task = replace(bowl, name="mine", make_model=bowl.make_model)
    with executor("ray", Reference.of(task)) as second:
        [[record]] = ask(second, [job()])
        assert (record.task, record.status) == ("mine", "finished")
    [[record]] = ask(cluster, [job()])  # and the cluster is still there
    assert record.status == "finished"


def test_ray_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install thalweg\[ray\]"):
        executor("ray", Reference.of("bowl"))
