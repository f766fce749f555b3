"""Diagnosis from logs: losses under any name in, a verdict with reasons out."""

import csv
from pathlib import Path

import numpy as np
import pytest

from kerasgan import doctor
from kerasgan.doctor import history, losses

LOGS = Path(__file__).parents[2] / "shared" / "training-logs"


def plateau(rows=400, *, seed=0):
    """A healthy loss: a short descent, then noise around a level."""
    random = np.random.default_rng(seed)
    return 1.2 + 2 * np.exp(-np.arange(rows) / 20) + 0.1 * random.standard_normal(rows)


def won(rows=400, *, seed=0):
    """A discriminator that wins after a third: its loss stays at its minimum, with occasional bursts."""
    random = np.random.default_rng(seed)
    floor = 0.002 * random.random(rows) + (random.random(rows) < 0.05) * random.random(rows)
    return np.where(np.arange(rows) < rows // 3, plateau(rows, seed=seed), floor)


def log_of(loss, seed=1):
    return {"step": 100 * np.arange(1, len(loss) + 1), "discriminator_loss": loss, "generator_loss": plateau(seed=seed)}


@pytest.mark.parametrize("scale", [1.0, 0.01, 100.0])
def test_noise_around_a_plateau_is_healthy_whatever_the_scale_of_the_loss(scale):
    found = doctor.diagnose(log_of(scale * plateau()))
    assert found.verdict == "healthy"
    assert 0 <= found.collapse < 0.2
    assert found.alarm is None


@pytest.mark.parametrize("scale", [1.0, 0.01, 100.0])
def test_a_discriminator_loss_at_its_minimum_is_a_convergence_failure_whatever_its_scale(scale):
    found = doctor.diagnose(log_of(scale * won()))
    assert found.verdict == "convergence failure"
    assert 0.9 < found.collapse <= 1
    assert any("times below its early level" in sentence for sentence in found.evidence)
    assert "penalties='r1'" in found.suggestion
    assert 13_300 < found.alarm < 25_000  # the failure is planted at step 13,300 of 40,000


def test_a_loss_with_growing_bursts_is_an_oscillation():
    random = np.random.default_rng(0)
    thrown = 0.1 * np.abs(random.standard_cauchy(400)).clip(max=50) * np.exp(np.arange(400) / 80)
    found = doctor.diagnose(log_of(plateau() + thrown))
    assert found.verdict == "oscillation"
    assert any("calmest stretch" in sentence for sentence in found.evidence)


def test_a_loss_that_crosses_zero_has_no_floor_there():
    distance = np.exp(-np.arange(400) / 50) + 0.001 * np.random.default_rng(0).standard_normal(400)
    assert losses.fallen(distance - 0.001) == 1.0


def test_a_single_missing_value_is_no_divergence_and_a_lasting_one_is():
    loss = plateau()
    loss[200] = np.nan
    assert doctor.diagnose(log_of(loss)).verdict == "healthy"
    loss[380:] = np.nan
    found = doctor.diagnose(log_of(loss))
    assert (found.verdict, found.collapse) == ("divergence", 1.0)


@pytest.mark.parametrize("end", [np.inf, np.nan, 1e9])
def test_a_generators_loss_that_is_lost_alone_is_a_divergence(end):
    log = log_of(plateau())
    log["generator_loss"][200:] = end
    found = doctor.diagnose(log)
    assert (found.verdict, found.collapse) == ("divergence", 1.0)
    assert "The generator's loss ends in" in found.evidence[0]


def test_a_generator_that_is_updated_every_fifth_step_has_no_divergence_between_its_updates():
    log = log_of(plateau())
    log["generator_loss"][np.arange(400) % 5 > 0] = np.nan
    assert np.isnan(log["generator_loss"][-4:]).all()
    assert doctor.diagnose(log).verdict == "healthy"
    log["generator_loss"][-30:] = np.nan
    assert doctor.diagnose(log).verdict == "divergence"


def test_a_smooth_win_without_any_burst_is_a_convergence_failure():
    step = np.arange(150)
    noise = np.exp(0.05 * np.random.default_rng(0).standard_normal(150))
    log = {"discriminator_loss": np.maximum(0.5 * 0.93**step, 9e-6) * noise, "generator_loss": 1.2 + 0.08 * step}
    assert doctor.diagnose(log).verdict == "convergence failure"


@pytest.mark.parametrize(
    ("level", "name"), [(np.log(2), "ln 2"), (2 * np.log(2), "2 ln 2"), (2.0, "hinge's 2"), (0.25, "1/4"), (1.3, None)]
)
def test_losses_at_rest_at_their_equilibrium_cannot_tell(level, name):
    loss = level + 1e-4 * np.random.default_rng(0).standard_normal(200)
    found = doctor.diagnose({"discriminator_loss": loss, "generator_loss": loss / 2})
    assert losses.resting(loss) == name
    assert found.verdict == ("healthy" if name is None else "cannot tell from losses")
    assert name is None or name in found.evidence[0]


def test_signs_too_weak_for_a_verdict_are_not_called_healthy():
    random = np.random.default_rng(0)
    louder = 1.2 + 0.1 * random.standard_normal(400) * np.where(np.arange(400) < 300, 1, 4)
    found = doctor.diagnose({"discriminator_loss": louder, "generator_loss": plateau()})
    assert found.verdict == "cannot tell from losses"
    assert 0 < found.collapse < 0.5
    assert "samples" in found.suggestion


def test_losses_a_million_times_larger_than_before_are_a_divergence():
    loss = plateau()
    loss[-5:] = 1e9
    assert doctor.diagnose(log_of(loss)).verdict == "divergence"


def test_a_loss_that_grows_without_bound_is_a_divergence_from_a_few_rows_on():
    verdicts = [doctor.diagnose({"discriminator_loss": base ** np.arange(12)}).verdict for base in (10.0, 2.0)]
    assert verdicts == ["divergence", "undecided"]


def test_a_score_uses_only_earlier_rows():
    loss = won()
    rows, scores = losses.timeline(loss)
    for row, score in zip(rows[::10], scores[::10]):
        assert losses.collapse(loss[:row]) == score
    longer = losses.timeline(np.concatenate([loss[:200], plateau(300)]))
    np.testing.assert_array_equal(longer[0][longer[0] <= 200], rows[rows <= 200])
    np.testing.assert_array_equal(longer[1][longer[0] <= 200], scores[rows <= 200])


def test_too_few_rows_are_undecided():
    found = doctor.diagnose({"discriminator_loss": [1.0, 0.9, 0.8], "generator_loss": [1, 1, 1]})
    assert (found.verdict, found.collapse) == ("undecided", 0.0)
    assert doctor.diagnose({"discriminator_loss": [], "generator_loss": []}).verdict == "undecided"


def test_a_constant_loss_does_not_divide_by_zero():
    assert 0 <= doctor.diagnose({"discriminator_loss": [0.0] * 100}).collapse <= 1


@pytest.mark.parametrize(
    "name", ["d_loss", "D_loss", "errD", "lossD", "dis_loss", "Loss/critic", "discriminator/total_loss"]
)
def test_common_names_of_the_discriminators_loss_are_understood(name):
    np.testing.assert_array_equal(history.read({name: [1, 2], "lr": [0, 0]})["discriminator_loss"], [1, 2])


def test_a_loss_in_two_parts_is_their_sum():
    columns = history.read({"d_loss_real": [1.0, 2.0], "d_loss_fake": [0.5, 0.25], "g_loss": [1, 1]})
    np.testing.assert_array_equal(columns["discriminator_loss"], [1.5, 2.25])


def test_the_generators_loss_alone_gives_a_verdict():
    found = doctor.diagnose({"generator_loss": plateau(), "discriminator_loss": np.zeros_like(plateau())})
    assert found == doctor.diagnose({"generator_loss": plateau()})  # zeros: a discriminator that is not trained
    found = doctor.diagnose({"generator_loss": plateau()})
    assert found.verdict == "healthy"
    assert "generator's loss" in found.evidence[0]


def test_a_record_without_any_loss_is_refused_with_the_columns_it_has():
    with pytest.raises(ValueError, match=r"discriminator_loss or generator_loss.*fid, val_loss"):
        doctor.diagnose({"fid": [1, 2], "val_loss": [1, 2]})
    with pytest.raises(TypeError, match="Received: int"):
        doctor.diagnose(3)


def test_a_csv_file_with_holes_reads_as_the_same_record(tmp_path):
    path, loss = tmp_path / "log.csv", won()
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["step", "D_loss", "G_loss"], *([i, d, ""] for i, d in enumerate(loss))])
    found = doctor.diagnose_file(path)
    assert found == doctor.diagnose({"step": np.arange(400), "discriminator_loss": loss})
    assert str(found).startswith("convergence failure (collapse ")
    assert "Suggestion: " in str(found)


def test_a_loss_that_falls_silent_with_its_learning_rate_is_healthy():
    """A healthy CycleGAN's, means over 100 steps; its learning rate falls to zero from the middle on."""
    loss = """.332 .351 .413 .416 .401 .384 .359 .336 .31 .289 .266 .238 .238 .216 .235 .208 .22 .203 .243 .203 .2 .188
        .237 .177 .183 .198 .221 .168 .197 .171 .169 .172 .171 .172 .173 .175 .175 .177 .18 .18"""
    found = doctor.diagnose({"discriminator_loss": [float(value) for value in loss.split()]})
    assert found.verdict == "healthy"


def test_an_empty_file_and_a_missing_one_are_refused(tmp_path):
    (tmp_path / "log.csv").touch()
    with pytest.raises(ValueError, match="empty"):
        doctor.diagnose(tmp_path / "log.csv")
    with pytest.raises(FileNotFoundError):
        doctor.diagnose(tmp_path / "other.csv")


def probed(count=20, **changes):
    """What the callback collects in a healthy training, with some signals replaced."""
    done = np.linspace(0, 1, count)
    signals = {
        "step": 100 * np.arange(count),
        "discriminator_loss": np.full(count, 1.1),
        "generator_loss": np.full(count, 0.9),
        "diversity": 0.7 * done,
        "repeats": 1.0 * (done < 0.2),
        "distance": 1.4 * np.exp(-4 * done) + 0.05,
        "coverage": np.clip(0.1 + 2 * done, 0, 0.95),
        "copies": np.zeros(count),
        "movement": np.full(count, 0.2),
        "examples": np.full(count, 512),
        "separation": np.full(count, 0.9),
        "real_accuracy": np.full(count, 0.9),
        "fake_accuracy": np.full(count, 0.8),
        "margin": np.full(count, 1.2),
        "discriminator_gradient": np.full(count, 10.0),
        "generator_gradient": np.full(count, 5.0),
        "discriminator_update": np.full(count, 1e-3),
        "generator_update": np.full(count, 1e-3),
    }
    return {**signals, **{name: np.broadcast_to(values, count) for name, values in changes.items()}}


FAR, BROKEN = 1.2, np.append(np.full(19, 5.0), np.nan)
VANISHED = np.where(np.arange(20) < 5, 5.0, 1e-6)
ALIKE = {"diversity": 0.001, "repeats": 1.0}
FALLS = np.linspace(1.4, 0.4, 20)
NEARER = np.linspace(1.5, 0.7, 20)
LEVELS = {f"discriminator_loss_{size}": 2 * np.log(2) for size in (4, 8, 16)}
SLOWLY = np.append(np.linspace(1.3, 0.9, 10), [0.9, 0.86, 0.68, 0.92, 0.83, 0.8, 0.76, 0.86, 0.73, 0.78])
SWINGS = 0.4 + 0.3 * np.sin(2 * np.arange(20))


@pytest.mark.parametrize(
    ("verdict", "changes"),
    [
        ("healthy", {}),
        ("divergence", {"generator_gradient": BROKEN}),
        ("weak discriminator", {"discriminator_update": 0.0, "distance": FAR}),
        ("weak discriminator", {"separation": 0.5, "distance": FAR}),
        ("weak discriminator", {"separation": 0.0, "distance": FAR}),
        ("weak discriminator", {"separation": 0.5, "distance": FALLS}),  # never did it tell anything
        ("weak discriminator", {"discriminator_loss": 2 * np.log(2) + 1e-3 * np.sin(np.arange(20)), "distance": FALLS}),
        ("weak discriminator", {"discriminator_loss": 4.16, **LEVELS, "distance": FALLS}),  # of a LAPGAN's each
        ("undecided", {"discriminator_loss": 4.16, **LEVELS, "discriminator_loss_8": 1.1, "distance": FALLS}),
        ("undecided", {"discriminator_loss": 2 * np.log(2), "separation": np.nan, "distance": FALLS}),  # of codes
        ("undecided", {"separation": 0.0, "distance": FALLS}),  # of a BEGAN
        ("undecided", {"separation": np.where(np.arange(20) < 11, 0.9, 0.5), "distance": FALLS}),  # at first it did
        ("mode collapse", {"diversity": 0.001, "repeats": 1.0, "distance": FAR, "separation": 0.5}),
        ("mode collapse", {"diversity": 0.001, "repeats": 1.0, "distance": 1.5 - 0.01 * np.arange(20) ** 1.3}),
        (
            "mode collapse",
            {"repeats": 1.0, "duplicates": 0.97, "diversity": 0.5},
        ),  # one of two images, whatever the latents
        ("healthy", {"repeats": 1.0, "duplicates": 0.0, "diversity": 0.5}),  # alike, not equal
        ("convergence failure", {"separation": 1.0, "distance": FAR}),
        ("undecided", {"separation": 1.0, "distance": SLOWLY, "step": 15 * np.arange(20)}),  # young, ever nearer
        ("convergence failure", {"separation": 1.0, "distance": SLOWLY}),
        ("mode collapse", {"diversity": 0.01, "repeats": 0.9, "distance": FAR}),
        ("mode dropping", {"coverage": 0.3, "distance": 0.4, "diversity": 0.6}),
        ("mode dropping", {"data_coverage": 0.63}),
        ("memorization", {"copies": 0.6}),
        ("memorization", {"examples": 8}),
        ("oscillation", {"distance": SWINGS}),
        ("oscillation", {"distance": SWINGS, "step": 20 * np.arange(20)}),
        ("undecided", {"distance": SWINGS + 0.6, "step": 20 * np.arange(20)}),  # young, and never near
        ("oscillation", {"movement": 0.9, "generator_update": 0.02, "distance": 0.3}),
        ("frozen generator", {"generator_update": 0.0, "distance": FAR}),
        ("frozen generator", {"generator_update": 0.0, "distance": FAR, "generator_gradient": 5.0}),
        ("mode collapse", {"generator_update": 0.0, "distance": FAR, **ALIKE, "generator_gradient": VANISHED}),
        ("labels ignored", {"label_agreement": 0.1}),
        ("labels ignored", {"label_agreement": 0.02, "step": 20 * np.arange(20)}),
        ("healthy", {"label_agreement": 0.18, "step": 20 * np.arange(20)}),  # young: heard, if faintly
        ("labels ignored", {"label_agreement": 0.9, "data_agreement": 0.1}),
        ("labels ignored", {"label_agreement": -0.08, "label_effect": 0.6, "distance": NEARER}),  # taken for others
        ("undecided", {"label_agreement": -0.08, "label_effect": 0.05, "distance": NEARER}),
        ("undecided", {"label_agreement": -0.01, "label_effect": 0.6, "distance": NEARER}),
        ("healthy", {"label_agreement": 0.0, "diversity": 0.1}),  # alike: of a young, healthy cGAN
        ("convergence failure", {"distance": FAR, "diversity": 0.6}),
        ("drift", {"distance": np.append(np.linspace(1.4, 0.1, 10), np.linspace(0.1, 0.9, 10))}),
        ("healthy", {"label_agreement": 0.05 * np.arange(20)}),
        ("mode collapse", {"class_diversity": 0.001, "distance": 0.3}),
        ("mode collapse", {"class_diversity": 0.001}),  # though the others improve
        ("data mismatch", {"data_apart": 0.9}),
        ("data mismatch", {"data_levels": 1.0, "data_apart": 0.5}),
        ("data mismatch", {"data_patches": 0.78}),
        ("healthy", {"data_patches": 0.55, "data_span": 1.9, "data_clipped": 0.1}),
        ("data mismatch", {"data_span": 40.0, **ALIKE, "distance": FAR}),  # the cause before what it causes
        (
            "healthy",
            {"data_apart": 0.64, "data_levels": 0.31, "data_detail": 2.0},
        ),  # mirrored, noisy
        ("data mismatch", {"data_specks": 0.01}),  # salt on 1 % of the pixels, or a little more
        ("healthy", {"data_specks": 0.002}),
        ("artifacts", {"clipped": np.where(np.arange(20) < 6, 0.5, -0.1), "distance": 0.25}),  # until step 500
        ("healthy", {"clipped": np.where(np.arange(20) < 6, 0.5, -0.1)}),  # at no distance now
        ("healthy", {"clipped": np.where(np.arange(20) % 5 < 3, 0.5, -0.1), "distance": 0.25}),  # never for long
        ("artifacts", {"levels": 0.9, "distance": 0.15}),
        ("artifacts", {"colors": 1.2, "distance": 0.15}),
        ("artifacts", {"detail": 10.0, "distance": 0.15}),
        ("artifacts", {"clipped": 0.4, "distance": 0.15}),
        ("healthy", {"levels": 0.28, "colors": 0.3, "detail": 4.3, "distance": 0.15}),  # the worst of the zoo's entries
        ("healthy", {"detail": np.linspace(20, 8, 20), "distance": 0.15}),  # it still falls
        ("artifacts", {"detail": 11.0, "distance": FALLS}),  # though the samples come nearer
        ("undecided", {"detail": np.where(np.arange(20) < 8, 11.0, 2.0), "distance": FALLS}),
        ("healthy", {"class_diversity": 0.05}),
        ("healthy", {"class_diversity": 0.2}),
    ],
)
def test_each_trouble_has_its_signs(verdict, changes):
    found = doctor.diagnose(probed(**changes))
    assert found.verdict == verdict
    assert (found.collapse >= 0.5) == (verdict not in ("healthy", "undecided"))
    assert found.evidence
    assert found.suggestion


FALLING_SWINGS = np.append(np.full(10, 3.0), [3.0, 3.2, 2.4, 2.9, 3.3, 2.2, 3.1, 2.3, 2.4, 2.35])


def translated(count=20, **changes):
    """What the callback collects of a healthy image-to-image model, with some signals replaced."""
    error = 0.02 + np.exp(-np.arange(count) / 3)
    signals = {
        "step": 20 * np.arange(count),
        "discriminator_loss": np.full(count, 1.1),
        "generator_loss": np.full(count, 0.9),
        **dict.fromkeys(("diversity", "contrast"), np.ones(count)),
        **dict.fromkeys(("error", "distance"), error),
        **dict.fromkeys(("input_error", "change"), np.full(count, 0.8)),
        **dict.fromkeys(("movement", "repeats"), np.zeros(count)),
        "generator_update": np.full(count, 1e-3),
    }
    return {**signals, **{name: np.broadcast_to(values, count) for name, values in changes.items()}}


@pytest.mark.parametrize(
    ("verdict", "changes"),
    [
        ("healthy", {}),
        ("mode collapse", {"diversity": 0.0, "repeats": 1.0, "error": 1.0, "distance": 1.0}),
        ("mode collapse", {"contrast": 0.001, "error": 0.7, "distance": 0.3}),
        ("identity", {"change": 0.01, "error": 0.8, "distance": 0.3}),
        ("undecided", {"change": 0.01, "input_error": 0.01, "error": 0.01, "distance": 0.6}),  # close to begin with
        ("identity", {"change": 1.6, "error": 1.6, "distance": 1.6, "input_distance": 0.1}),  # without pairs
        ("convergence failure", {"error": 1.6, "distance": 1.6, "input_distance": 4.0}),  # the inputs are nearer
        ("undecided", {"error": 0.6, "distance": 0.6, "input_distance": 4.0}),
        ("convergence failure", {"error": 1.4, "distance": 0.3, "pairing": 0.9}),
        ("convergence failure", {"error": FALLING_SWINGS, "distance": 0.3, "pairing": 0.9}),  # a fifth less by chance
        ("undecided", {"error": np.linspace(4.0, 1.4, 20), "distance": 0.3, "pairing": 0.9}),
        ("undecided", {"error": 1.4, "distance": 0.3, "pairing": 0.4}),  # one of several right outputs for the input
        ("convergence failure", {"error": 0.55, "distance": 0.3, "filter_error": 0.04}),  # a linear filter does better
        ("undecided", {"error": 0.6, "distance": 0.3, "filter_error": 0.3}),
        ("undecided", {"error": 0.9, "gray_error": 0.2, "input_error": 0.5, "pairing": 0.9}),  # a tint, in gray better
        ("convergence failure", {"error": 0.75, "gray_error": 0.9, "input_error": 0.5, "pairing": 0.9}),
        ("data mismatch", {"filter_error": 0.1, "data_filter_error": 0.9}),
        ("healthy", {"filter_error": 0.95, "data_filter_error": 4.0}),  # a filter that explains nothing
        ("data mismatch", {"data_unmoved_error": 0.8, "moved_error": 0.1}),
        ("healthy", {"data_unmoved_error": 1.4, "moved_error": 0.8}),
        ("artifacts", {"unmoved_output_error": 0.4, "moved_output_error": 0.05, "error": 0.3}),
        ("healthy", {"unmoved_output_error": 0.1, "moved_output_error": 0.09}),
        (
            "weak discriminator",
            {"discriminator_loss": np.log(2), "error": np.linspace(2.5, 0.3, 20)},
        ),  # by L1 alone
        ("healthy", {"discriminator_loss": np.log(2)}),  # its outputs were near from the third probe on
        ("drift", {"error": np.append(np.full(10, 0.02), np.linspace(0.02, 0.6, 10))}),
        ("frozen generator", {"generator_update": 0.0, "error": 2.0, "distance": 2.0}),
    ],
)
def test_each_trouble_of_an_image_to_image_model_has_its_signs(verdict, changes):
    found = doctor.diagnose(translated(**changes))
    assert found.verdict == verdict
    assert (found.collapse >= 0.5) == (verdict not in ("healthy", "undecided"))


def test_the_class_that_collapsed_is_named():
    found = doctor.diagnose(probed(class_diversity=0.001, least_diverse_class=7))
    assert (found.verdict, found.label) == ("mode collapse", 7)
    assert found.evidence[0].startswith("Within class 7, ")
    assert doctor.diagnose(probed()).label is None


def test_samples_that_become_alike_are_named_at_the_third_probe():
    fine = probed(40)
    lost = {"diversity": np.where(np.arange(40) < 37, 0.7, 0.001), "repeats": 1.0 * (np.arange(40) >= 37)}
    assert doctor.diagnose(probed(40, **lost)).verdict == "mode collapse"
    earlier = {name: values[:39] for name, values in {**fine, **lost}.items()}
    assert doctor.diagnose(earlier).verdict == "healthy"


def test_a_slow_generator_whose_tiny_variance_grows_steadily_is_no_collapse():
    diversity = [0, 0.002, 0.002, 0.002, 0.002, 0.003, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01]  # a good cGAN's, early
    young = probed(12, step=20 * np.arange(12), diversity=np.array(diversity), repeats=1.0, distance=NEARER[:12])
    assert doctor.diagnose({**young, "separation": np.ones(12)}).troubles["mode collapse"] == 0
    assert doctor.diagnose({**young, "distance": np.full(12, 1.3)}).verdict == "mode collapse"  # no nearer for it
    still = probed(12, step=20 * np.arange(12), diversity=0.002, repeats=1.0, distance=1.0)
    assert doctor.diagnose(still).verdict == "mode collapse"


def test_a_generator_that_still_improves_gets_no_verdict():
    early = probed(distance=np.linspace(1.4, 0.9, 20), diversity=0.03, repeats=1.0, separation=1.0, coverage=0.1)
    assert doctor.diagnose(early).verdict == "undecided"


def test_kinds_that_a_young_generator_lacks_may_still_come():
    few = {"coverage": 0.5, "distance": 0.2, "diversity": 0.6}  # from a healthy R3GAN and a healthy StyleGAN2
    assert doctor.diagnose(probed(**few, step=12 * np.arange(20))).verdict == "healthy"
    assert doctor.diagnose(probed(**few, step=60 * np.arange(20))).verdict == "mode dropping"


def test_samples_of_a_few_kinds_are_no_collapse_before_they_were_ever_distinct():
    few = {"diversity": 0.18, "repeats": 1.0, "distance": 0.6}  # of a good GAN2014, at its start
    assert doctor.diagnose(probed(**few, step=20 * np.arange(20))).verdict == "undecided"
    fewer = {**few, "diversity": 0.04}  # of one whose generator is a hundred times too fast
    assert doctor.diagnose(probed(**fewer, step=20 * np.arange(20))).verdict == "mode collapse"
    first = np.arange(20) < 10
    again = {**few, "repeats": np.where(first, 0, 1.0), "diversity": np.where(first, 0.6, 0.18)}
    assert doctor.diagnose(probed(**again, step=20 * np.arange(20))).verdict == "mode collapse"
    assert doctor.diagnose(probed(**few)).verdict == "mode collapse"


def test_a_distance_that_still_falls_is_healthy_only_when_it_is_near():
    near, far = (probed(distance=np.linspace(start, end, 20)) for start, end in ((0.8, 0.2), (0.9, 0.4)))
    assert doctor.diagnose(near).verdict == "healthy"
    assert doctor.diagnose(far).verdict == "undecided"


def test_a_distance_that_falls_through_noise_still_falls():
    distance = np.array([0.62, 0.62, 0.68, 0.68, 0.6, 0.56, 0.57, 0.54, 0.53, 0.53])  # of a GRAN that went well
    slow = probed(distance=np.append(np.full(10, 0.7), distance), diversity=0.33, repeats=0.98, coverage=0.28)
    assert doctor.diagnose(slow).verdict == "undecided"
    still = probed(distance=0.6, diversity=0.33, repeats=0.98, coverage=0.28)
    assert doctor.diagnose(still).verdict == "mode collapse"


def test_every_verdict_has_a_suggestion():
    named = {"mode collapse", "mode dropping", "convergence failure", "weak discriminator", "oscillation"}
    named |= {"data mismatch", "artifacts", "frozen generator", "labels ignored", "identity", "drift"}
    others = {"divergence", "memorization", "healthy", "undecided", "cannot tell from losses"}
    assert named | others == set(doctor.VERDICTS)


@pytest.mark.skipif(not LOGS.is_dir(), reason="needs the labeled logs beside the checkout")
def test_collapsed_published_logs_rank_above_the_others():
    from sklearn.metrics import roc_auc_score

    with (LOGS / "index.csv").open(newline="") as file:
        index = list(csv.DictReader(file))
    losses_only = ("step", "discriminator_loss", "generator_loss")
    scores = []
    for row in index:
        columns = history.read(LOGS / row["file"])
        scores.append(doctor.diagnose({name: columns[name] for name in losses_only}).collapse)
    assert roc_auc_score([row["collapsed"] == "True" for row in index], scores) >= 0.9


@pytest.mark.parametrize(("delimiter", "quote"), [(";", ""), ("\t", ""), (",", '"')])
def test_a_csv_file_with_decimal_commas_reads_as_the_same_record(tmp_path, delimiter, quote):
    path, loss = tmp_path / "log.csv", won()
    cells = [f"{quote}{value:.6f}{quote}".replace(".", ",") for value in loss]
    rows = [delimiter.join(["step", "d_loss"]), *(f"{i}{delimiter}{cell}" for i, cell in enumerate(cells))]
    path.write_text("\n".join(rows))
    read = history.read(path)
    np.testing.assert_allclose(read["discriminator_loss"], loss, atol=1e-6)
    assert doctor.diagnose(path).verdict == "convergence failure"


def test_thousands_commas_beside_decimal_points_are_named_not_taken_for_decimal_ones(tmp_path):
    (tmp_path / "log.csv").write_text("step;d_loss;g_loss\n1;1.5;0.5\n2;1,000.5;0.5\n3;1,300;0.5\n")
    with pytest.raises(ValueError, match=r"column d_loss.*Received: '1,000.5' in row 2"):
        history.read(tmp_path / "log.csv")


LOG_FILES = {
    "stats.jsonl": """{"Loss/G/loss": {"num": 9, "mean": 0.7, "std": 0.1}, "Loss/D/loss": {"num": 9, "mean": 1.3},
        "Loss/D/reg": {"mean": 9.0}, "Loss/signs/real": {"mean": 9.0}, "Progress/kimg": {"mean": 0.0}}
        {"Loss/G/loss": {"mean": 0.8}, "Loss/D/loss": {"mean": NaN}, "Progress/kimg": {"mean": 4.0}}""",
    "studio.log": """[INFO] 2021-05-15 16:33:14 > Start training
        [INFO] > Step: 0  Progress: 0.1% Elapsed: 0:01:21 Gen_loss: 0.7 Dis_loss: 1.3 ada_p: 0.0
        [INFO] > Step: 4  Progress: 0.2% Elapsed: 0:02:21 Gen_loss: 0.8 Dis_loss: nan ada_p: 0.0""",
    "pytorch.txt": """[0/5][0/9]\tLoss_D: 1.3\tLoss_G: 0.7\tD(x): 0.5\tD(G(z)): 0.6 / 0.2
        [0/5][4/9]\tLoss_D: nan\tLoss_G: 0.8\tD(x): 0.5\tD(G(z)): 0.6 / 0.2""",
    "metrics.csv": """epoch,d_loss_epoch,d_loss_step,g_loss,step
        0,,1.3,,0
        0,,,0.7,0
        0,,nan,,4
        0,1.3,,0.8,4""",
    "wandb.csv": """"Step","fine-d-3 - g_loss","fine-d-3 - g_loss__MIN","fine-d-3 - g_loss__MAX","fine-d-3 - d_loss"
        "0","0.7","9","9","1.3"
        "4","0.8","9","9","NaN\"""",
    "keras.csv": """epoch,d_loss,g_loss,val_d_loss
        0,"[1.3, 0.9]","tf.Tensor(0.7, shape=(), dtype=float32)",9
        4,tensor(nan),"tensor([8e-1], device='cuda:0')",9""",
}


@pytest.mark.parametrize("name", LOG_FILES)
def test_the_logs_of_other_packages_are_read(tmp_path, name):
    lines = [line.strip() for line in LOG_FILES[name].splitlines()]
    text = "\n".join(lines).replace(",\n", ", ") if name == "stats.jsonl" else "\n".join(lines)
    (tmp_path / name).write_text(text)
    for path in (tmp_path / name, tmp_path)[: 1 if name == "pytorch.txt" else 2]:
        columns = history.read(path)
        for loss, expected in (("generator_loss", [0.7, 0.8]), ("discriminator_loss", [1.3])):
            found = columns[loss]
            np.testing.assert_allclose(found[np.isfinite(found)], expected)
        if name not in ("pytorch.txt", "metrics.csv"):
            np.testing.assert_array_equal(columns["step"], [0, 4])


def test_tensorboards_event_files_are_read(tmp_path):
    from kerasgan.files.event_files import EventFile

    events = EventFile(tmp_path)
    for step in (10, 20):
        events.scalars(step, {"train/d_loss": step / 10, "train/g_loss": 0.5})
    events.scalars(30, {"train/d_loss": 3.0})
    events.close()
    columns = history.read(tmp_path)
    np.testing.assert_array_equal(columns["step"], [10, 20, 30])
    np.testing.assert_allclose(columns["discriminator_loss"], [1, 2, 3])
    np.testing.assert_array_equal(columns["generator_loss"], [0.5, 0.5, np.nan])


def test_nvidias_log_of_text_points_to_its_numbers(tmp_path):
    (tmp_path / "log.txt").write_text("tick 0     kimg 0.0      time 1m 04s       sec/tick 8.9\n")
    with pytest.raises(ValueError, match="discriminator_loss or generator_loss"):
        history.read(tmp_path / "log.txt")
    (tmp_path / "stats.jsonl").write_text('{"Loss/D/loss": {"mean": 1.5}}\n')
    np.testing.assert_array_equal(history.read(tmp_path / "log.txt")["discriminator_loss"], [1.5])


def test_a_loss_of_words_is_refused_and_a_diverged_one_is_not(tmp_path):
    (tmp_path / "log.csv").write_text("step,d_loss\n1,1.3 nats\n2,1.2 nats\n")
    with pytest.raises(ValueError, match=r"Expected numbers in the column d_loss.*Received: '1.3 nats'"):
        doctor.diagnose(tmp_path / "log.csv")
    (tmp_path / "log.csv").write_text("step,d_loss\n" + "".join(f"{i},{1.3 if i < 40 else 'nan'}\n" for i in range(60)))
    assert doctor.diagnose(tmp_path / "log.csv").verdict == "divergence"
