"""The page of a terrain says what is seen, under which conditions, and what it can't tell."""

import math
import shutil

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.web.browser import look
from thalweg.terrain.barrier import Profile
from thalweg.terrain.feature import features
from thalweg.terrain.ground import Ground
from thalweg.terrain.result import Terrain
from thalweg.terrain.track import Track
from thalweg.terrain.trajectory import Trajectory
from thalweg.web import terrain as drawing
from thalweg.web.terrain_height import Scale, at, scales, shade
from thalweg.web.terrain_surface import label
from thalweg.web.terrain_walk import walks


def slice_(**how) -> Terrain:
    x = np.linspace(-1, 1, 13)
    height = 0.2 + 2 * (x**2 - 0.5) ** 2 + 3 * x[:, None] ** 2 + 0.1 * x
    height[0, 0] = np.nan
    ground = Ground(x, x, height, noise=0.01)
    path = Trajectory(
        [0, 1, 2], [-0.9, 0.1, 0.7], [0.5, 0.2, 0.0], [3.0, math.inf, 0.4], [0.6, 0.3, 0.0], "<b>"
    )
    given = {
        "title": "adam on <digits>",
        "kind": "slice",
        "ground": ground,
        "features": list(features(ground)),
        "axes": ("one", "<other>"),
        "trajectories": [path],
        "profiles": [
            Profile(p, [0, 0.5, 1], [1, 3, 1], [0.1] * 3, 2, low, 2.5, 0.5)
            for p, low in (("train", 1.5), ("validation", -0.5))
        ],
        "directions": "pca",
        "samples": 1024,
        "mode": "batch normalisation by the statistics of the sample",
        "method": "64 points at once",
        "weights": 4810,
        "centre": 0.5,
        "notes": ["explained variance 97.2 / 2.2 / 0.4 %"],
    }
    return Terrain(**{**given, **how})


def body(terrain: Terrain) -> str:
    return drawing.page(terrain).render().split("<main>")[1].split("</main>")[0]


def test_conditions_are_printed_on_the_picture():
    said = body(slice_())
    assert "Mean over 1\u202f024 samples" in said
    assert "standard error 0.01" in said
    assert "batch normalisation by the statistics of the sample" in said
    assert "no batch normalisation" in body(slice_(mode=""))
    assert "two directions out of 4\u202f810" in said
    assert "Explained variance 97.2" in said


def test_minima_are_of_this_slice_and_never_more():
    said = body(slice_())
    assert "inimum of this slice" in said
    assert "global" not in said


def test_what_a_user_named_is_escaped():
    page = drawing.page(slice_()).render()
    assert "adam on &lt;digits&gt;" in page
    assert "<digits>" not in page


def test_plotly_knows_every_property_of_every_figure():
    def plain(value, side):
        if isinstance(value, dict):
            return {key: plain(inner, side) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner, side) for inner in value]
        colours = isinstance(value, str) and "|" in value and value[0] in "#r"
        return value.split("|")[side] if colours else value

    made = slice_()
    charts = [*drawing.charts(made), drawing.terrain_line.chart(made.profiles)]
    for chart in charts:
        for view in chart.views.values():
            for side in (0, 1):
                go.Figure(plain(view, side))


def test_holes_stay_holes():
    made = slice_()
    for chart in drawing.charts(made):
        for view in chart.views.values():
            assert view["data"][0]["z"][0][0] is None
            assert view["data"][0]["z"][0][1] is not None


def test_a_point_stands_at_its_true_loss_and_its_stem_ends_on_the_ground():
    made = slice_()
    surface = drawing.charts(made)[0].views["height"]["data"]
    path = next(one for one in surface if one.get("mode") == "lines+markers")
    span = made.ground.range
    assert path["z"][0] == pytest.approx(3.0, abs=0.01 * span)
    assert path["z"][1] is None
    stem = surface[1]
    ground = at(made.ground.x, made.ground.y, made.ground.height, (-0.9, 0.5))
    assert stem["z"][:3] == [pytest.approx(ground), 3.0, None]
    # The infinite loss has no stem, and the last point stands on the plane.
    assert len(stem["z"]) == 3


def test_points_pale_the_farther_they_are_out_of_the_plane():
    (walk,) = walks(slice_())
    surface = drawing.charts(slice_())[0].views["height"]["data"]
    shades = next(one for one in surface if one.get("mode") == "lines+markers")["marker"]["color"]
    opaque = [float(one.split("|")[0].rstrip(")").split(",")[-1]) for one in shades]
    assert opaque == sorted(opaque)
    assert opaque[0] < opaque[-1] == 1.0
    assert "60 % out of the plane" in walk.said[0]


def test_rules_keep_their_colours():
    track = Track(
        "adam", {}, [0, 1], [0, 1], [1, 0], [(0, 0)], [(0, 0)], None, None, [1, 1], [], None
    )
    (walk,) = walks(slice_(kind="surface", tracks=[track], trajectories=[]))
    assert walk.ink.light == "#D55E00"


def test_a_barrier_is_told_from_none():
    said = drawing.terrain_line.chart(slice_().profiles).caption
    assert "On train data a barrier of 2 (1.5 to 2.5) at 0.50." in said
    assert "On validation data no barrier: 2 (−0.5 to 2.5)." in said


def test_log_heights_are_measured_from_the_lowest_ground():
    scale = Scale(log=True, lowest=2.0, eps=0.1, cap=math.inf)
    assert scale(np.array([2.0, 2.9, math.nan]))[:2].tolist() == pytest.approx([-1.0, 0.0])
    assert set(scales(slice_())) == {"height", "log height"}


def test_a_slope_towards_the_sun_is_bright_and_one_away_is_dark():
    x = np.linspace(0, 1, 9)
    east = np.tile(x, (9, 1))  # rises towards the right, so it faces the sun on the left
    assert shade(x, x, east)[4, 4] > 0.5 > shade(x, x, -east)[4, 4]
    assert shade(x, x, -east.T)[4, 4] > 0.5 > shade(x, x, east.T)[4, 4]


def test_letters_go_on_after_z():
    assert [label(place) for place in (0, 25, 26)] == ["A", "Z", "AA"]


def test_a_slice_of_holes_alone_is_drawn():
    ground = Ground([0, 1], [0, 1], np.full((2, 2), np.nan))
    assert body(slice_(ground=ground, features=[], trajectories=[]))


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's Chromium")
@pytest.mark.parametrize("width", [1280, 500])
def test_the_browser_draws_all_charts_without_complaint(width, tmp_path):
    path = drawing.write(slice_(), tmp_path)
    sight = look(path, width)
    assert sight.charts == {0, 1, 2}
    assert sight.content <= sight.width
    # What Chromium says of the machine's graphics is no fault of the page.
    machine = ("GPU stall", "Canvas2D", "software WebGL")
    assert [line for line in sight.complaints if not any(word in line for word in machine)] == []
