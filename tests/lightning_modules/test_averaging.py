"""Averages of weights are the sums they are defined by, and nothing but the newest weights is lost at the start."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from lightning_modules.averaging import ExponentialMovingAverage, StochasticWeightAverage


class Line(pl.LightningModule):
    """A normalised line, whose weights after each step are kept; dev sees whatever is in its place."""

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(3)
        self.line = torch.nn.Linear(3, 1)
        self.history, self.at_dev = [], []

    def training_step(self, batch, batch_index):
        return self.line(self.norm(batch)).square().mean()

    def on_train_batch_end(self, *_):
        self.history.append(self.line.weight.detach().clone())

    def validation_step(self, batch, batch_index):
        if batch_index == 0:
            self.at_dev.append(self.line.weight.detach().clone())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fitted(average, epochs=4):
    torch.manual_seed(0)
    data = DataLoader(torch.randn(40, 3), batch_size=8)
    model = Line()
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(
        max_epochs=epochs, callbacks=average, num_sanity_val_steps=0, accelerator="cpu", barebones=False, **quiet
    )
    trainer.fit(model, data, data)
    return model


def test_the_mean_of_the_last_quarter():
    model = fitted(StochasticWeightAverage(start_share=0.75))
    assert len(model.history) == 20
    expected = torch.stack(model.history[15:]).mean(dim=0)
    torch.testing.assert_close(model.line.weight.detach(), expected)
    torch.testing.assert_close(model.at_dev[3], expected)
    torch.testing.assert_close(model.at_dev[0], model.history[4])  # not yet begun: the weights as they are


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.999])
def test_an_exponential_average_by_its_recursion(decay):
    model = fitted(ExponentialMovingAverage(decay))
    average = model.history[0].numpy().astype(np.float64)
    for step, newest in enumerate(model.history[1:], start=1):
        kept = min(decay, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * newest.numpy()
        if step % 5 == 4:
            np.testing.assert_allclose(model.at_dev[step // 5], average, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model.line.weight.detach(), average, rtol=1e-5, atol=1e-6)


def test_training_goes_on_with_its_own_weights():
    plain, averaged = fitted([]), fitted(ExponentialMovingAverage())
    for one, other in zip(plain.history, averaged.history, strict=True):
        torch.testing.assert_close(one, other, atol=0, rtol=0)


def test_statistics_are_averaged_and_batches_counted():
    plain, averaged = fitted([]), fitted(ExponentialMovingAverage(0.5))
    assert averaged.norm.num_batches_tracked == plain.norm.num_batches_tracked == 20
    torch.testing.assert_close(averaged.norm.running_var, plain.norm.running_var, rtol=0.2, atol=0)
    assert not torch.equal(averaged.norm.running_var, plain.norm.running_var)


@pytest.mark.parametrize("make", [lambda: ExponentialMovingAverage(1.0), lambda: StochasticWeightAverage(1.0)])
def test_values_that_cannot_be_are_refused(make):
    with pytest.raises(ValueError, match="expected at least 0 and less than 1"):
        make()
