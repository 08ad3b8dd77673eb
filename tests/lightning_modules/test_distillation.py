"""A student learns what its teacher says; the teacher stays as it was, and out of the student's checkpoint."""

import copy

import pytest
import torch
from torch.nn import functional

from lightning_modules.detector import Detector
from lightning_modules.distillation import Distillation, DistilledDetector, hear, soft_loss
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.losses import AmSoftmax
from lightning_modules.masking import SpecAugment
from lightning_modules.networks.cnn import SpectrogramCNN
from lightning_modules.networks.rawnet2 import RawNet2

GENERATOR = torch.Generator().manual_seed(0)
BATCH = {
    "waveform": 0.1 * torch.randn(6, 16_000, generator=GENERATOR),
    "label": torch.tensor([0, 1, 0, 1, 1, 0]),
    "draw": torch.arange(18).reshape(6, 3),
}


def cnn(channels=(4, 8), embedding=16, **arguments) -> Detector:
    torch.manual_seed(sum(channels))
    network = SpectrogramCNN(channels=channels, embedding=embedding)
    return Detector(LogMel(n_mels=32), network, crop_s=1.0, learning_rate=1e-2, **arguments)


def rawnet2() -> Detector:
    torch.manual_seed(0)
    network = RawNet2(sinc_filters=4, sinc_taps=9, channels=(4, 8), gru_units=8, gru_layers=1, embedding=12)
    return Detector(Waveform(), network, crop_s=1.0)


def write(detector, path):
    checkpoint = {"state_dict": detector.state_dict()}
    detector.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)
    return path


def loss_of(distilled):
    distilled.log = lambda *_, **__: None
    return distilled.training_step(BATCH, 0)


def learn(distilled, steps):
    optimiser = torch.optim.Adam([p for p in distilled.parameters() if p.requires_grad], 1e-2)
    distilled.train()
    for _ in range(steps):
        optimiser.zero_grad()
        loss = loss_of(distilled)
        loss.backward()
        optimiser.step()
    return float(loss)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_the_soft_loss_is_that_of_hinton(temperature):
    student, teacher = torch.randn(5, 2, generator=GENERATOR), torch.randn(5, 2, generator=GENERATOR)
    p, q = (functional.softmax(logits / temperature, dim=1) for logits in (teacher, student))
    expected = temperature**2 * (p * (p / q).log()).sum(dim=1).mean()
    assert float(soft_loss(student, teacher, temperature)) == pytest.approx(float(expected), rel=1e-4)
    assert float(soft_loss(teacher, teacher, temperature)) == pytest.approx(0.0, abs=1e-6)


def test_a_loss_has_its_three_parts():
    student, teacher = cnn((4, 8)), cnn((6, 10), embedding=20)
    distilled = DistilledDetector(student, teacher, Distillation(temperature=2.0, weight=0.3, feature_weight=0.7))
    distilled.eval()  # no dropout
    said, taught = hear(distilled, BATCH), hear(teacher, BATCH)
    hard = distilled.loss.hard(said.logits, BATCH["label"])
    soft = soft_loss(said.logits, taught.logits, 2.0)
    error = (distilled.loss.projection(said.embedding) - taught.embedding).square().mean()
    expected = 0.7 * hard + 0.3 * soft + 0.7 * error / taught.embedding.square().mean()
    torch.testing.assert_close(loss_of(distilled), expected)


def test_gradients_reach_the_student_and_the_projection_alone():
    teacher = cnn((6, 10))
    distilled = DistilledDetector(cnn(), teacher, Distillation(feature_weight=1.0))
    before = copy.deepcopy(teacher.state_dict())
    learn(distilled, 3)
    assert all(parameter.grad is not None for parameter in distilled.parameters())
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in teacher.parameters())
    assert not any(part.training for part in teacher.modules())
    for name, value in teacher.state_dict().items():  # running statistics, too
        assert torch.equal(value, before[name]) if isinstance(value, torch.Tensor) else value == before[name], name


def test_a_student_comes_to_say_what_its_teacher_says():
    teacher = cnn((6, 10))
    with torch.no_grad():
        teacher.network.classifier.weight.mul_(10)
    distilled = DistilledDetector(cnn(), teacher, Distillation(temperature=1.0, weight=1.0))
    with torch.no_grad():
        before = float(soft_loss(distilled.logits(BATCH), teacher.logits(BATCH), 1.0))
    learn(distilled, 30)
    with torch.no_grad():
        after = float(soft_loss(distilled.logits(BATCH), teacher.logits(BATCH), 1.0))
    assert after < 0.4 * before


@pytest.mark.parametrize("loss", [None, AmSoftmax()], ids=["cross-entropy", "angles"])
def test_the_checkpoint_is_a_plain_detector_s(tmp_path, loss):
    distilled = DistilledDetector(cnn(loss=loss), cnn((6, 10)), Distillation(feature_weight=1.0))
    learn(distilled, 2)
    student = Detector.from_file(write(distilled, tmp_path / "student.ckpt"))
    assert type(student) is Detector
    with torch.no_grad():
        torch.testing.assert_close(student(BATCH["waveform"]), distilled.eval()(BATCH["waveform"]), atol=0, rtol=0)
    assert not any("teacher" in name for name in distilled.state_dict())
    alone = sum(parameter.numel() for parameter in cnn(loss=loss).network.parameters())
    assert sum(parameter.numel() for parameter in distilled.network.parameters()) == alone


def test_a_teacher_may_be_a_file_and_of_another_kind(tmp_path):
    path = write(rawnet2(), tmp_path / "teacher.ckpt")
    distilled = DistilledDetector(cnn(), path, Distillation(feature_weight=0.5))
    assert loss_of(distilled).isfinite()
    assert not distilled.cacheable  # the teacher needs the waveform
    assert DistilledDetector(cnn(), cnn((6, 10)), Distillation()).cacheable


def test_a_teacher_hears_what_is_masked_for_the_student():
    teacher = cnn((6, 10), masking=SpecAugment())
    distilled = DistilledDetector(cnn(masking=SpecAugment()), teacher, Distillation()).train()
    with torch.no_grad():
        torch.testing.assert_close(hear(distilled.teacher, BATCH).logits, teacher.logits(BATCH))
        assert not torch.equal(distilled.logits(BATCH), distilled.eval().logits(BATCH))


@pytest.mark.parametrize(
    ("values", "named"),
    [({"temperature": 0.0}, "temperature"), ({"weight": 1.5}, "weight"), ({"feature_weight": -1.0}, "feature_weight")],
)
def test_what_cannot_be_is_refused(values, named):
    with pytest.raises(ValueError, match=f"distillation.{named}: found"):
        Distillation(**values)


def test_a_teacher_of_another_sampling_rate_is_refused():
    teacher = Detector(LogMel(sample_rate_hz=8000, n_mels=32), SpectrogramCNN(channels=(4, 8)))
    with pytest.raises(ValueError, match="found one for 8000 Hz, expected the student's 16000 Hz"):
        DistilledDetector(cnn(), teacher, Distillation())
