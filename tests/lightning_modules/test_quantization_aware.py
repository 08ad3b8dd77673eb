"""Training under rounding rounds as the runtime does, and leaves a network as any training does."""

import copy

import numpy as np
import onnxruntime
import pytest
import pytorch_lightning as pl
import torch
from onnx import TensorProto, helper

from lightning_modules.quantization_aware import QuantizationAware, rounded_input, rounded_weight


class Classified(pl.LightningModule):
    """A convolution and what classifies, under the names that detectors give them."""

    def __init__(self):
        super().__init__()
        self.network = torch.nn.ModuleDict({"conv": torch.nn.Conv1d(2, 3, 3), "classifier": torch.nn.Linear(3, 2)})
        self.called = []

    def training_step(self, batch, batch_index):
        conv = self.network["conv"]
        maps = conv(batch)
        logits = self.network["classifier"](maps.mean(dim=-1))
        self.called.append((batch, conv.weight.detach().clone(), conv.bias.detach().clone(), maps.detach()))
        return logits.square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fitted(callback, steps=3):
    torch.manual_seed(0)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(max_steps=steps, callbacks=callback, accelerator="cpu", **quiet)
    model = Classified()
    trainer.fit(model, torch.utils.data.DataLoader(torch.randn(8 * steps, 2, 10), batch_size=8))
    return model


def in_the_runtime(values, step, zero, kind):
    """Quantize and dequantize as ONNX defines it, a step for each row of values where there are several."""
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "zero"], ["q"], axis=0),
        helper.make_node("DequantizeLinear", ["q", "step", "zero"], ["y"], axis=0),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, values.shape),
        helper.make_tensor_value_info("step", TensorProto.FLOAT, step.shape),
        helper.make_tensor_value_info("zero", helper.np_dtype_to_tensor_dtype(np.dtype(kind)), step.shape),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, values.shape)]
    model = helper.make_model(
        helper.make_graph(nodes, "round", inputs, outputs), opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": values, "step": step, "zero": np.asarray(zero, kind)})[0]


def test_weights_are_rounded_as_the_runtime_does():
    weight = np.random.default_rng(0).normal(size=(4, 30)).astype(np.float32) * [[1], [10], [0.1], [1]]
    weight = weight.astype(np.float32)
    step = np.abs(weight).max(axis=1) / np.float32(127)
    expected = in_the_runtime(weight, step, np.zeros(4), np.int8)
    np.testing.assert_allclose(rounded_weight(torch.from_numpy(weight)), expected, atol=1e-6)
    assert len(np.unique(expected[0])) > 20


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (0.5, 2.0), (-3.0, -1.0)])
def test_inputs_are_rounded_as_the_runtime_does(low, high):
    values = np.random.default_rng(0).uniform(low - 0.2, high + 0.2, 200).astype(np.float32)
    least, most = min(low, 0.0), max(high, 0.0)
    step = np.array((most - least) / 255, np.float32)
    expected = in_the_runtime(values, step, np.round(np.array(-least / step)), np.uint8)
    found = rounded_input(torch.from_numpy(values), torch.tensor([low, high]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_nothing_but_zeros_stays_zero():
    assert not rounded_weight(torch.zeros(2, 3)).any()
    assert not rounded_input(torch.zeros(5), torch.zeros(2)).any()


def test_the_gradient_is_that_of_the_value():
    weight = torch.randn(2, 5, requires_grad=True)
    rounded_weight(weight).sum().backward()
    torch.testing.assert_close(weight.grad, torch.ones(2, 5))


def test_a_layer_is_called_with_what_is_rounded_and_learns_what_is_not():
    model = fitted(QuantizationAware(momentum=1.0), steps=2)
    for values, weight, bias, maps in model.called:
        extremes = torch.stack(torch.aminmax(values))
        expected = torch.nn.functional.conv1d(rounded_input(values, extremes), rounded_weight(weight), bias)
        torch.testing.assert_close(maps, expected)
        assert not torch.equal(maps, torch.nn.functional.conv1d(values, weight, bias))
        assert not torch.equal(weight, rounded_weight(weight))
    assert not torch.equal(model.called[0][1], model.called[1][1])


def test_the_network_is_what_it_was_made_when_training_ends():
    model, plain = fitted(QuantizationAware()), fitted([])
    assert list(model.state_dict()) == list(plain.state_dict())
    conv, values = model.network["conv"], torch.randn(1, 2, 10)
    expected = torch.nn.functional.conv1d(values, conv.weight, conv.bias)
    torch.testing.assert_close(conv(values), expected, atol=0, rtol=0)
    assert isinstance(conv.weight, torch.nn.Parameter)


def test_ranges_move_slowly_and_are_gone_on_with():
    callback = QuantizationAware(momentum=0.25)
    model = fitted(callback, steps=2)
    first, second = (torch.stack(torch.aminmax(values)) for values, *_ in model.called)
    (found,) = callback.state_dict().values()
    torch.testing.assert_close(found, 0.75 * first + 0.25 * second)
    again = QuantizationAware(momentum=0.25)
    again.load_state_dict(callback.state_dict())
    model = fitted(again, steps=1)
    newest = torch.stack(torch.aminmax(model.called[0][0]))
    torch.testing.assert_close(again.state_dict()["network.conv"], 0.75 * found + 0.25 * newest)


class Uneven(pl.LightningModule):
    """Layers of which one channel between them is as loud as it is unimportant, and a target that they meet exactly."""

    def __init__(self):
        super().__init__()
        first, second = torch.nn.Linear(4, 8), torch.nn.Linear(8, 1)
        self.network = torch.nn.Sequential(first, torch.nn.ReLU(), second)
        self.target = copy.deepcopy(self.network)
        with torch.no_grad():
            for each, factor in ((first.weight[0], 100), (first.bias[0], 100), (second.weight[:, 0], 0.01)):
                each.mul_(factor)

    def training_step(self, batch, batch_index):
        return (self.network(batch) - self.target(batch).detach()).square().mean()

    def configure_optimizers(self):
        optimiser = torch.optim.Adam(self.network.parameters(), lr=0.03)
        return {"optimizer": optimiser, "lr_scheduler": torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.8)}


def test_what_rounding_spoils_is_learnt_anew_under_it():
    def error_when_rounded(model) -> float:
        values = torch.randn(500, 4, generator=torch.Generator().manual_seed(1))
        callback = QuantizationAware(momentum=1.0)
        with torch.no_grad():
            callback.on_train_start(None, model)
            error = float(model.training_step(values, 0))
            callback.on_train_end(None, model)
        return error

    def trained(callbacks) -> float:
        torch.manual_seed(0)
        model, data = Uneven(), torch.utils.data.DataLoader(torch.randn(4000, 4), batch_size=100)
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
        pl.Trainer(max_epochs=15, callbacks=callbacks, accelerator="cpu", **quiet).fit(model, data)
        return error_when_rounded(model)

    assert trained([QuantizationAware()]) < 0.7 * trained([])


@pytest.mark.parametrize("momentum", [0.0, 1.5])
def test_a_momentum_that_moves_nothing_is_refused(momentum):
    with pytest.raises(ValueError, match="found momentum"):
        QuantizationAware(momentum)
