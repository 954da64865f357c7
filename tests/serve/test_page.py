"""The page in a real browser, before a real server: what presses, sliders and keys bring about."""

import json
import re
import shutil
from itertools import count

import pytest

from thalweg import tasks
from thalweg.schedules import ramp
from thalweg.terrain.track import track

pytestmark = pytest.mark.browser

# A machine without a graphics card draws in software.
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
FRESH = count()  # the same view twice is no change of the address
GD = "r=Gradient descent|sgd|lr={lr};momentum={momentum}|calm"


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(chromium, running):
    """The page, loaded once."""
    return watched(chromium, running.place.link)


def watched(chromium, address):
    """A page that keeps what it complained of and whom else it asked."""
    size = {"width": 800, "height": 560}
    page = chromium.new_page(viewport=size, reduced_motion="reduce")
    page.complaints, page.strangers = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    home = address.split("/?")[0]
    page.on("request", lambda asked: _is_home(asked.url, home) or page.strangers.append(asked.url))
    page.goto(address)
    ready(page)
    return page


def ready(page):
    page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)


@pytest.fixture
def visit(page):
    """Shows a view, and holds the page to silence and to its own host."""

    def go(view):
        page.evaluate(
            """(view) => { delete document.documentElement.dataset.ready;
              location.hash = view; }""",
            f"{view}&fresh={next(FRESH)}",
        )
        ready(page)
        return page

    yield go
    assert (page.complaints, page.strangers) == ([], [])


def _is_home(url, home):
    return url.startswith((home, home.replace("http", "ws"), "data:", "blob:"))


def ends(page):
    """Where each track of the page ends."""
    return page.evaluate("thalweg.tracks.map((track) => [track.x.at(-1), track.y.at(-1)])")


def asked(page):
    """What the page shows, from its own state."""
    return page.evaluate("JSON.parse(JSON.stringify(thalweg.view))")


def python_ends(view):
    """Where Python says that they end."""
    found = []
    for runner in view["runners"]:
        hypers = {
            name: ramp(*value["ramp"][:2], steps=value["ramp"][2])
            if isinstance(value, dict)
            else value
            for name, value in runner["hypers"].items()
        }
        gone = track(
            tasks.surface(view["surface"]),
            runner["rule"],
            start=tuple(view["start"]),
            hypers=hypers,
            steps=view["steps"],
            noise=view["noise"],
            batch=1 if runner["noise"] else None,
            seed=view["seed"],
        )
        found.append([gone.x[-1], gone.y[-1]])
    return found


def press(page, across, down):
    """Press on the map, at these parts of its width and its height."""
    box = page.locator("#map").bounding_box()
    spot = {"x": across * box["width"], "y": down * box["height"]}
    page.locator("#map").click(position=spot)


def settled(page):
    """Wait until what is shown is what was asked for last."""
    page.wait_for_function(
        "() => !thalweg.waiting && thalweg.tracks.length === thalweg.view.runners.length"
    )


def test_the_first_view_is_complete_and_asks_nobody_else(page):
    assert (page.complaints, page.strangers) == ([], [])
    assert page.locator("#runners li").count() == 4
    assert re.search(r"\d", page.locator("#runners .loss").first.inner_text())
    assert page.locator("#surface option").count() >= len(tasks.surfaces())
    for canvas in ("scene", "map", "chart"):
        kinds = page.evaluate(
            """(id) => { const from = document.getElementById(id);
              const copy = new OffscreenCanvas(120, 90).getContext("2d");
              copy.drawImage(from, 0, 0, 120, 90);
              const seen = new Set(new Uint32Array(copy.getImageData(0, 0, 120, 90).data.buffer));
              return seen.size; }""",
            canvas,
        )
        assert kinds > 50, f"{canvas} is blank"


def test_the_first_view_tells_the_story_on_the_ravine(visit):
    page = visit("t=60")
    view = asked(page)
    assert view["surface"] == "ravine"
    labels = [runner["label"] for runner in view["runners"]]
    assert page.locator("#runners .name").all_inner_texts() == labels
    assert "thalweg" in page.locator("#about").inner_text()
    assert set(page.locator(".label.ball b").all_inner_texts()) == set(labels)
    assert ends(page) == python_ends(view)
    # On other ground the article's four run, with learning rates of that ground.
    page.locator("#surface").select_option("bowl")
    page.wait_for_function("() => thalweg.ground.name === 'bowl' && thalweg.tracks.length === 4")
    four = [one["label"] for one in page.evaluate("thalweg.catalogue.presets")]
    assert page.locator("#runners .name").all_inner_texts() == four
    assert ends(page) == python_ends(asked(page))


def test_a_choice_of_a_rule_changes_the_run(visit):
    page = visit("s=bowl&n=20&at=1,1&noise=0&" + GD.format(lr=0.1, momentum=0.9))
    before = ends(page)
    page.locator("#hypers summary").click()
    page.locator("#choose-nesterov").select_option("yes")
    settled(page)
    assert ends(page) == python_ends(asked(page)) != before
    page.evaluate("thalweg.keepLink()")
    visit(page.evaluate("location.hash.slice(1)"))
    assert asked(page)["runners"][0]["hypers"]["nesterov"] is True


@pytest.mark.parametrize(("rule", "name"), [("sgd", "lr"), ("adam", "beta1"), ("adam", "beta2")])
def test_a_number_is_annealed_on_the_way(rule, name, visit):
    page = visit(f"s=bowl&n=30&at=1,1&noise=0&r=One|{rule}|lr=0.1|calm")
    before = ends(page)
    label = {"lr": "learning rate", "beta1": "β₁", "beta2": "β₂"}[name]
    page.get_by_role("button", name=f"anneal {label}").click()
    settled(page)
    first, last, steps = asked(page)["runners"][0]["hypers"][name]["ramp"]
    assert first != last
    assert steps > 1
    assert ends(page) == python_ends(asked(page)) != before


def test_a_press_on_the_map_starts_a_run_that_ends_where_python_says(visit):
    page = visit("s=himmelblau&n=80&noise=0.02&seed=3")
    press(page, 0.3, 0.25)
    settled(page)
    view = asked(page)
    assert view["start"] == pytest.approx([-2.0, 2.5], abs=0.06)
    assert ends(page) == python_ends(view)


def test_a_slider_changes_the_run(visit):
    page = visit("s=bowl&n=20&at=1,1&noise=0&" + GD.format(lr=0.1, momentum=0))
    before = ends(page)
    slider = page.locator("#slide-lr")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    settled(page)
    view = asked(page)
    assert view["runners"][0]["hypers"]["lr"] > 0.1
    assert ends(page) != before
    assert ends(page) == python_ends(view)


@pytest.mark.parametrize(("momentum", "edge"), [(0.0, 2.0), (0.5, 3.0)])
def test_the_red_zone_begins_where_the_formula_says(momentum, edge, visit):
    # The bowl's curvature is 1: the edge is 2 for gradient descent, 2 + 2 mu with momentum.
    # The slider's end may lie below; the number is what the words say.
    page = visit("s=bowl&n=5&at=1,1&noise=0&t=2&" + GD.format(lr=0.1, momentum=momentum))
    assert float(page.locator(".zone").get_attribute("data-edge")) == pytest.approx(edge)
    assert f"The edge here is {edge:g}" in page.locator("#verdict").inner_text()


def test_the_red_zone_begins_at_the_edges_place_on_the_slider(visit):
    # The ravine's steepest curvature is 100, so the edge is 0.02.
    page = visit("s=ravine&n=5&noise=0&" + GD.format(lr=0.001, momentum=0))
    rail, zone = page.evaluate(
        """["#slide-lr", ".zone"].map((one) =>
          document.querySelector(one).getBoundingClientRect().toJSON())"""
    )
    hypers = page.evaluate("thalweg.catalogue.rules.find((rule) => rule.name === 'sgd').hypers")
    low, high = next((one["low"], one["high"]) for one in hypers if one["name"] == "lr")
    part = (zone["x"] - rail["x"] - 8) / (rail["width"] - 16)
    assert low * (high / low) ** part == pytest.approx(0.02, rel=0.05)


def test_the_keyboard_plays_steps_chooses_and_toggles(visit):
    page = visit("s=ravine&n=50&t=10")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("thalweg.player.time") == 11
    page.keyboard.press("Space")
    assert page.evaluate("thalweg.player.playing")
    page.keyboard.press("Space")
    assert not page.evaluate("thalweg.player.playing")
    page.keyboard.press("2")
    assert page.evaluate("thalweg.view.chosen") == 1
    log = page.evaluate("thalweg.view.log")
    page.keyboard.press("l")
    assert page.evaluate("thalweg.view.log") is not log
    page.keyboard.press("?")
    assert page.locator("#helpbox").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#helpbox").is_visible()
    before = asked(page)["start"][0]
    page.locator("#map").focus()
    page.keyboard.press("ArrowRight")
    settled(page)
    assert asked(page)["start"][0] > before


def test_a_link_restores_the_view(visit):
    page = visit("s=rosenbrock&n=33&at=-1,1&noise=0.01&seed=5&show=arrows,log&cam=10,50,1.2&t=7")
    page.keyboard.press("3")
    page.evaluate("thalweg.keepLink()")
    before, link = asked(page), page.evaluate("location.hash.slice(1)")
    ended = ends(page)
    visit("s=bowl")
    assert asked(page) != before
    visit(link)
    after = asked(page)
    assert after["time"] == 7
    for changing in ("time", "camera"):
        before.pop(changing)
        after.pop(changing)
    for runner in after["runners"]:
        runner.pop("chosen", None)
    for runner in before["runners"]:
        runner.pop("chosen", None)
    assert after == before
    assert page.evaluate("thalweg.scene.orbit.get()") == [10, 50, 1.2]
    assert ends(page) == ended


def test_a_page_saved_from_the_page_works_from_the_disk(visit, chromium, tmp_path):
    page = visit("s=himmelblau&n=40&at=1,1&noise=0")
    with page.expect_download() as caught:
        page.locator("#save").click()
    path = tmp_path / "saved.html"
    caught.value.save_as(path)
    copy = watched(chromium, path.as_uri())
    assert ends(copy) == ends(page)
    assert asked(copy)["start"] == [1, 1]
    # A press shows the nearest run that the file holds, as nothing can be computed.
    press(copy, 0.1, 0.1)
    settled(copy)
    assert asked(copy)["start"] == [1, 1]
    assert ends(copy) == ends(page)
    # It can be saved again, with all that it holds.
    with copy.expect_download() as caught:
        copy.locator("#save").click()
    caught.value.save_as(tmp_path / "again.html")
    assert held(tmp_path / "again.html") == held(path)
    assert (copy.complaints, copy.strangers) == ([], [])
    copy.close()


def held(path):
    """The answers in a saved page, in one order."""
    [data] = re.findall(r'id="saved">(.*?)</script>', path.read_text("utf-8"))
    return sorted(json.dumps(one, sort_keys=True) for one in json.loads(data)["answers"])


def test_a_report_opens_in_the_page(visit):
    page = visit("s=bowl&n=5")
    page.locator("#surface").select_option(label="deep/race")
    frame = page.frame_locator("#reportbox iframe")
    assert frame.locator("p").inner_text() == "page of deep/race"
    page.keyboard.press("Escape")
    assert page.locator("#surface").input_value() == "bowl"


STRANGE = """<!doctype html><p>nothing</p><script>
const told = {};
const tried = (name, work) => {
  try { told[name] = String(work()); } catch (error) { told[name] = error.name; }
};
tried("parent", () => parent.thalweg.view.surface);
tried("cookie", () => document.cookie);
tried("storage", () => localStorage.length);
tried("opened", () => open("/"));
tried("top", () => { top.location = "/page/index.html"; });
const heard = [
  fetch("/").then(() => "came in", () => "refused"),
  new Promise((told) => {
    try {
      const line = new WebSocket(`ws://${location.host}/talk`);
      line.onopen = () => told("came in");
      line.onerror = () => told("refused");
    } catch { told("refused"); }
  }),
];
Promise.all(heard).then(([page, line]) =>
  { document.querySelector("p").textContent = JSON.stringify({ ...told, page, line }); });
</script>"""


def test_a_report_that_somebody_else_wrote_reaches_nobody(visit, running):
    report = running.folder / "first" / "page.html"
    before = report.read_text()
    report.write_text(STRANGE)
    try:
        page = visit("s=bowl&n=5")
        page.locator("#surface").select_option(label="first")
        told = page.frame_locator("#reportbox iframe").locator("p", has_text="{")
        assert json.loads(told.inner_text()) == {
            "parent": "SecurityError",
            "cookie": "SecurityError",
            "storage": "SecurityError",
            "opened": "null",
            "top": "SecurityError",
            "page": "refused",
            "line": "refused",
        }
        page.keyboard.press("Escape")
        assert page.evaluate("thalweg.view.surface") == "bowl"
        assert page.complaints  # the browser says what it refused the report
        page.complaints.clear()
    finally:
        report.write_text(before)


def test_basins_are_drawn_where_python_says_that_starts_end(visit):
    page = visit("s=himmelblau&n=5&noise=0&r=Adam|adam|lr=0.1")
    page.keyboard.press("b")
    page.wait_for_function("() => thalweg.basins && !thalweg.surveying", timeout=60_000)
    basins = page.evaluate("thalweg.basins")
    for row, column in ((5, 8), (30, 50), (55, 12)):
        start = basins["x"][column], basins["y"][row]
        gone = track(
            tasks.surface("himmelblau"), "adam", start=start, hypers={"lr": 0.1}, steps=400
        )
        end = basins["minima"][basins["ends"][row][column]]
        assert (end["x"], end["y"]) == pytest.approx((gone.x[-1], gone.y[-1]), abs=0.1)


def test_the_page_fits_a_phone(visit):
    page = visit("s=bowl&n=5")
    size = page.viewport_size
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size(size)


def test_a_picture_is_handed_over(visit, tmp_path):
    page = visit("s=bowl&n=5")
    with page.expect_download() as caught:
        page.locator("#picture").click()
    path = tmp_path / "picture.png"
    caught.value.save_as(path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert caught.value.suggested_filename == "thalweg-bowl.png"
