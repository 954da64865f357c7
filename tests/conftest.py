"""What every test stands on: fixed examples and seeds, a kernel cache of its own, honest skips."""

import os

# Before torch starts its threads. The tests are small: on two busy cores a training-like set took
# 91 s with one thread, 128 s with two. `make test` has a worker for each core; two workers of two
# threads each would need more than five times as long as one. A test of threads asks for its own.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import shutil
import signal
import tempfile

import hypothesis
import pytest
import torch

# "ci" draws the same examples on every machine and every run, so a red test stays red.
# `pytest --hypothesis-profile=explore` looks further.
hypothesis.settings.register_profile(
    "ci", derandomize=True, max_examples=25, deadline=None, database=None
)
hypothesis.settings.register_profile("explore", max_examples=1000, deadline=None)
hypothesis.settings.load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Printed kernels go to a folder of this run: none survives a change of its printer."""
    if "THALWEG_CACHE" not in os.environ:
        folder = tempfile.mkdtemp(prefix="thalweg-test-kernels-")
        os.environ["THALWEG_CACHE"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test that needs what this machine lacks is skipped, and says what it needs."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    if item.get_closest_marker("browser") and not shutil.which("chromium"):
        # Where everything is checked, what was not looked at does not pass.
        lacking = pytest.fail if os.environ.get("CI") else pytest.skip
        lacking("needs Chromium: apt-get install chromium")


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_is_heard() -> None:
    """A shell's background job ignores it, and so would all that tests start and interrupt."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seed() -> None:
    """Every test starts from the same random numbers, alone or after others."""
    torch.manual_seed(0)
