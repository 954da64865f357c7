"""A race's page: one row for each run, the winner in bold, the valley below."""

from thalweg.web import race
from thalweg.web.valley import caption


def test_the_table_has_a_row_for_each_run_in_order(result):
    head, rows = race.rows(result.records)
    assert [row[0] for row in rows] == ["Gradient descent", "SGD", "Momentum", "Adam"]
    assert {len(row) for row in rows} == {len(head)}
    assert rows[2][-1] == "lr 0.1, momentum ramp(0.5, 0.9, epochs=2)"


def test_the_best_on_validation_wins(result):
    assert race.winner(result.records).label == "Adam"
    assert "Adam reached the best validation accuracy" in race.lead(result.records)


def test_the_lowest_loss_wins_where_the_loss_decides(result):
    for run, value in zip(result.records, [1.0, 0.2, 0.6, 0.8], strict=True):
        run.best = {"epoch": 5, "metric": "loss", "value": value}
        for epoch in run.history:
            epoch.validation["loss"] = value * (6 - epoch.epoch)
    assert race.winner(result.records).label == "SGD"


def test_equals_have_no_winner(result):
    for run in result.records:
        run.best["value"] = 0.5
    assert race.winner(result.records) is None
    assert "reached" not in race.lead(result.records)


def test_a_nan_never_wins(result):
    result.records[3].best["value"] = float("nan")
    assert race.winner(result.records) is not result.records[3]


def test_the_page_says_that_nothing_was_tuned(result):
    assert "stated, not tuned" in race.page(result).render()


def test_a_diverged_run_says_so_in_the_table(result, diverged):
    result.records[1] = diverged
    assert "diverged in epoch 3" in race.rows(result.records)[1][1][-1]


def test_each_track_has_its_panel(result, valley):
    text = race.page(result).render()
    for track in valley.tracks:
        assert caption(track) in text


def test_a_race_without_a_valley_is_still_a_page(result):
    result.valley = None
    assert "valley" not in race.page(result).render().split("<main>")[1].split("</main>")[0]
