"""Training is tracked truthfully, alike under a seed, resumable, and picky about its config."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from pytorch_lightning.callbacks import Callback

from datamodules.audio import decode
from datamodules.corpora.asvspoof2019 import asvspoof2019_la
from experiments import tracking
from experiments.evaluate import evaluate
from experiments.heard import ARTIFACT
from experiments.inference import Countermeasure
from experiments.registry import COUNTERMEASURE_ARTIFACT
from experiments.train import SCRATCH, drop_scratch, hand_over_frontend, main, train
from experiments.training_config import parse
from lightning_modules.detector import Detector, to_score
from lightning_modules.enhancement import SpectralSubtraction
from lightning_modules.scoring import score_waveform

CONFIGS = Path(__file__).resolve().parents[2] / "experiments" / "configs"


def test_a_run_holds_what_it_took_and_what_it_gave(evaluated, place):
    run = tracking.get(evaluated)
    assert run.info.status == "FINISHED"
    assert run.data.params["model.network.class_path"].endswith("SpectrogramCNN")
    assert run.data.params["model.learning_rate"] == "0.005"
    names = {"train/loss", "dev/loss", "dev/eer", "dev/min_dcf", "best/dev_eer", "best/dev_min_dcf", "best/epoch"}
    assert names <= set(run.data.metrics)
    epochs = tracking.history(evaluated, "dev/eer")
    assert run.data.metrics["best/dev_eer"] == pytest.approx(min(epochs)) == epochs[int(run.data.metrics["best/epoch"])]
    assert len(run.data.metrics) <= 25
    assert run.data.tags["data.sha256"] == parse(place.words()).datamodule.corpus.digest
    assert {item.dataset.digest for item in run.inputs.dataset_inputs} == {run.data.tags["data.sha256"][:36]}
    assert tracking.fetch(evaluated, tracking.CONFIG_ARTIFACT).exists()
    assert tracking.fetch(evaluated, tracking.CHECKPOINT_ARTIFACT).exists()


@pytest.mark.parametrize("network", ["cnn", "rawnet2"])
def test_the_same_seed_gives_the_same_eer_to_the_last_digit(place, network):
    outcomes = [train(place.words(network, seed_everything=7, data__seed=7)) for _ in range(2)]
    losses = [tracking.get(outcome.run_id).data.metrics["dev/loss"] for outcome in outcomes]
    assert outcomes[0].dev_eer == outcomes[1].dev_eer
    assert losses[0] == losses[1]


NOISY = (
    "--data.augmentation.class_path=datamodules.augmentation.AdditiveWhiteGaussianNoise",
    "--data.augmentation.init_args.probability=0.7",
    "--model.masking.class_path=lightning_modules.masking.SpecAugment",
)


AVERAGED = (
    *("--config", str(CONFIGS / "average_swa.yaml"), "--config", str(CONFIGS / "loss_oc_softmax.yaml")),
    "--trainer.callbacks.init_args.start_share=0.3",  # begun by the time of the break
)


@pytest.mark.parametrize("more", [(), NOISY, AVERAGED], ids=["clean", "augmented", "averaged"])
def test_a_resumed_run_ends_like_an_uninterrupted_one(place, more):
    words = [*more, *place.words(epochs=4, seed_everything=11)]
    whole = train(words, name="whole")

    def stop_after_two(epoch: int, measures: dict[str, float]) -> bool:
        if epoch == 1:
            raise KeyboardInterrupt
        return True

    other = [*words[:-1], "--seed_everything=11"]
    started = []
    with pytest.raises(KeyboardInterrupt):
        train([*other, "--name=broken"], keep_going=stop_after_two, on_start=started.append)
    broken = tracking.get(started[0])
    assert broken.info.status == "KILLED"
    resumed = train([*other, "--name=broken"], resume=True)
    assert resumed.run_id == broken.info.run_id
    ended = tracking.get(resumed.run_id)
    assert ended.info.status == "FINISHED"
    assert "failure" not in ended.data.tags
    assert ended.data.metrics["dev/loss"] == tracking.get(whole.run_id).data.metrics["dev/loss"]
    assert resumed.dev_eer == whole.dev_eer


def test_the_last_epoch_is_kept_although_it_is_not_the_best(place):
    outcome = train(place.words(epochs=3, model__learning_rate=1e-9))
    folder = SCRATCH / outcome.run_id
    best, last = (torch.load(folder / f"{name}.ckpt", weights_only=True)["epoch"] for name in ("best", "last"))
    assert best < last == 2


def test_keep_going_ends_a_run_as_killed_with_the_reason(place):
    seen = []
    outcome = train(place.words(epochs=5), keep_going=lambda epoch, dev: seen.append((epoch, dev)) or epoch < 1)
    assert outcome.stopped
    assert [epoch for epoch, _ in seen] == [0, 1]
    assert outcome.measures == min((dev for _, dev in seen), key=lambda dev: dev["dev/eer"])
    assert outcome.measures.keys() == {"dev/eer", "dev/min_dcf", "dev/loss"}
    assert outcome.dev_eer == outcome.measures["dev/eer"]
    run = tracking.get(outcome.run_id)
    assert (run.info.status, run.data.tags["stopped_by"]) == ("KILLED", "pruner")


def test_scratch_goes_when_asked_to(place):
    outcome = train(place.words(epochs=1))
    drop_scratch(outcome.run_id)
    assert not (SCRATCH / outcome.run_id).exists()
    assert tracking.fetch(outcome.run_id, tracking.CHECKPOINT_ARTIFACT).exists()


def test_a_failure_is_told_on_the_run(place):
    started = []

    def break_down(epoch: int, measures: dict[str, float]) -> bool:
        raise RuntimeError("the disk is on fire")

    with pytest.raises(RuntimeError):
        train(place.words(), keep_going=break_down, on_start=started.append)
    run = tracking.get(started[0])
    assert run.info.status == "FAILED"
    assert "the disk is on fire" in run.data.tags["failure"]


def test_corpus_normalisation_is_fitted_on_train(place):
    words = place.words(
        epochs=1,
        model__normalisation__class_path="lightning_modules.normalisation.Normalisation",
        model__normalisation__init_args__mode="corpus",
        model__normalisation__init_args__bins=40,
    )
    assert train(words).dev_eer <= 1


@pytest.mark.parametrize("mode", ["utterance", "corpus"])
def test_utterances_of_many_lengths_are_padded_scored_and_learnt_from(place, mode):
    words = [f"--config={CONFIGS / 'debug'}.yaml", "--data.shorter=pad", "--data.crop_s=4"]
    if mode == "corpus":
        words += [
            "--model.normalisation.class_path=lightning_modules.normalisation.Normalisation",
            *("--model.normalisation.init_args.mode=corpus", "--model.normalisation.init_args.bins=20"),
        ]
    outcome = train([*place.words(epochs=1), *words])
    detector = Detector.from_file(tracking.fetch(outcome.run_id, tracking.CHECKPOINT_ARTIFACT))
    cli = parse([*place.words(epochs=1), *words])
    hand_over_frontend(cli.model, cli.datamodule)
    batch = next(iter(cli.datamodule.val_dataloader()))
    assert batch["length"].min() < batch["features"].shape[-1]
    if mode == "corpus":
        frames = sum(int(batch["length"].sum()) for batch in cli.datamodule.train_dataloader())
        assert detector.normalisation.frames_seen == frames
    with torch.no_grad():
        scores = to_score(detector.logits(batch)).tolist()
    trials = cli.datamodule.trials("dev")
    alone = [score_waveform(detector, decode(trial.path, 16_000)[:64_000]).score for trial in trials[: len(scores)]]
    assert alone == pytest.approx(scores, abs=5e-3)  # the cache is of float16


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--model.network.init_args.chanels=[4]"], "chanels"),
        (["--model.learning_rate=fast"], "learning_rate"),
        (["--data.balanced=true"], "unequal class weights of WeightedCrossEntropy corrects the imbalance twice"),
        (["--data.balanced=true", "--config", str(CONFIGS / "loss_focal.yaml")], "class weights of FocalLoss"),
        (["--data.corpus.init_args.root=nowhere"], "nowhere"),
        (["--json"], "--json is the form of --print-summary"),
        (
            [
                f"--config={CONFIGS / 'average_ema.yaml'}",
                "--trainer.callbacks+=lightning_modules.averaging.StochasticWeightAverage",
            ],
            "found two averages of the weights, expected one",
        ),
        (["--model.frontend.init_args.n_mels=0"], "found 0 filters, expected 1 or more"),
    ],
)
def test_a_config_that_cannot_be_is_refused_by_name(place, words, complaint):
    with pytest.raises((ValueError, OSError), match=complaint):
        parse(place.words() + words)


def test_a_config_that_is_no_yaml_is_named(place, tmp_path):
    (tmp_path / "mine.yaml").write_text("data:\n  corpus: [\n  crop_s: 4\n")
    with pytest.raises(ValueError, match=r"mine\.yaml: not readable as YAML"):
        parse([*place.words(), "--config", str(tmp_path / "mine.yaml")])


def test_nothing_to_resume_is_an_error(place, capsys):
    from experiments.cli import main as spooflab

    assert spooflab(["train", *place.words(seed_everything=12345), "--ckpt", "last"]) == 1
    assert "no run of this very config" in capsys.readouterr().err


@pytest.mark.parametrize("bar", [True, False])
def test_epochs_are_told_in_lines_where_no_bar_is_drawn_and_fillings_in_bars(place, capsys, tmp_path, bar):
    words = place.words("debug", epochs=2, trainer__enable_progress_bar=bar, data__cache_dir=tmp_path)
    assert main(words) == 0
    said = capsys.readouterr().err
    told = re.findall(r"^epoch (\d+): dev EER [\d.]+ %, \d+ s since the start$", said, re.MULTILINE)
    assert told == (["1", "2"] if bar else [])
    assert ("decoding train" in said, "features of dev" in said) == (bar, bar)


def test_the_command_tells_what_to_do_next(place, capsys):
    assert main(place.words(epochs=1)) == 0
    out = capsys.readouterr().out
    assert "dev EER" in out
    assert "next: spooflab evaluate --model" in out


def test_averaged_weights_are_what_dev_is_measured_on_and_what_is_kept(place):
    words = [*place.words(epochs=3), f"--config={CONFIGS / 'average_ema.yaml'}"]
    run_id = train(words).run_id
    metrics = tracking.get(run_id).data.metrics
    cli = parse(words)
    hand_over_frontend(cli.model, cli.datamodule)
    detector = Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))
    cli.datamodule.prepare_data()
    with torch.no_grad():
        for batch in cli.datamodule.val_dataloader():
            scores = detector.logits(batch)
            detector.dev_eer.update(scores[:, 1] - scores[:, 0], batch["label"])
            detector.dev_loss.update(scores, batch["label"])
    assert detector.dev_eer.compute() == metrics["best/dev_eer"]
    detector.loss = cli.model.loss
    assert float(detector.dev_loss.compute()) == tracking.history(run_id, "dev/loss")[int(metrics["best/epoch"])]
    kept = torch.load(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT), weights_only=True)
    name = "network.classifier.weight"
    assert not torch.equal(kept["state_dict"][name], kept["current_model_state"][name])


def test_gradients_are_clipped(place):
    class Norm(Callback):
        def on_train_batch_end(self, trainer, pl_module, *_):
            self.norm = torch.linalg.vector_norm(torch.stack([p.grad.norm() for p in pl_module.parameters()])).item()

    norms = []
    for limit in ("null", "0.01"):
        norm = Norm()
        words = place.words(trainer__gradient_clip_val=limit, trainer__fast_dev_run="true")
        cli = parse(words, [norm])
        cli.trainer.fit(cli.model, datamodule=cli.datamodule)
        norms.append(norm.norm)
    assert norms[0] > 0.01
    assert norms[1] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("network", ["cnn", "rawnet2"])
def test_enhancement_is_of_training_cache_and_use(place, network):
    words = place.words(
        network, epochs=1, model__enhancement__class_path="lightning_modules.enhancement.SpectralSubtraction"
    )
    run_id = train([*words, "--data.sample_rate_hz=8000"], name="enhanced").run_id
    detector = Detector.from_file(tracking.fetch(run_id, tracking.CHECKPOINT_ARTIFACT))
    assert isinstance(detector.enhancement, SpectralSubtraction)
    assert detector.enhancement.sample_rate_hz == 8000
    if network == "cnn":
        plain, enhanced = (parse(words) for words in (place.words(network), words))
        for cli in (plain, enhanced):
            hand_over_frontend(cli.model, cli.datamodule)
        assert plain.datamodule.extractor.key != enhanced.datamodule.extractor.key
        waveform = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
        assert not torch.allclose(*(cli.datamodule.extractor.extract(waveform) for cli in (plain, enhanced)))


def test_what_training_audio_was_altered_by_is_logged(place):
    augmentation = "data__augmentation__class_path"
    words = place.words(epochs=1, **{augmentation: "datamodules.augmentation.AdditiveWhiteGaussianNoise"})
    logged = json.loads(tracking.fetch(train(words).run_id, ARTIFACT).read_text())
    assert list(logged) == ["augmentation"]
    assert logged["augmentation"]["class_path"].endswith("AdditiveWhiteGaussianNoise")
    assert logged["augmentation"]["snr_min_db"] == 10.0


def test_the_readmes_augmentation_is_a_config(place, tmp_path):
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if "augmentation:" in block]
    noise = tmp_path / "demand" / "CAFE"
    noise.mkdir(parents=True)
    sf.write(noise / "ch01.wav", np.random.default_rng(0).normal(0, 0.1, 16000), 16000)
    config = tmp_path / "noise.yaml"
    config.write_text(example.replace("data/demand", str(tmp_path / "demand")))
    augmentation = parse([*place.words(epochs=1), f"--config={config}"]).datamodule.augmentation
    waveform = np.sin(np.arange(32000) / 10).astype(np.float32)
    altered = [augmentation(waveform, np.random.default_rng(seed)) for seed in range(5)]
    assert len({alter.tobytes() for alter in altered}) > 2


@pytest.mark.parametrize("network", ["cnn", "rawnet2"])
def test_eight_kilohertz_go_through_every_stage(place, network):
    words = place.words(network, epochs=1, data__sample_rate_hz=8000)
    model = parse(words).model
    assert model.frontend.sample_rate_hz == getattr(model.network, "sample_rate_hz", 8000) == 8000
    outcome = train(words)
    corpus = asvspoof2019_la(str(place.corpus))
    measured = evaluate(outcome.run_id, corpus)
    countermeasure = Countermeasure.load(tracking.fetch(outcome.run_id, COUNTERMEASURE_ARTIFACT))
    trial = corpus.partition("eval")[0]  # of 16 kHz
    verdict = countermeasure.judge(trial.path)
    assert verdict.duration_s == pytest.approx(sf.info(trial.path).duration, abs=1e-3)
    assert verdict.threshold == measured.threshold
