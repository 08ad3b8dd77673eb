"""Every form says what its detector says: exactly, or as closely as its precision lets it."""

import dataclasses
from functools import cache
from itertools import combinations
from typing import get_args

import numpy as np
import pytest
import torch

from lightning_modules.export.form import RefusedError
from lightning_modules.export.forms import FORMS, Maker
from lightning_modules.export.onnx_file import describe
from lightning_modules.export.onnx_model import nodes_to_keep
from lightning_modules.export.parity import TOLERANCE, require_parity
from lightning_modules.export.quantization import Calibrator, in_8_bits_static
from lightning_modules.export.recurrent import OPSET
from lightning_modules.export.session import open_onnx

STATIC = [f"onnx-int8-static-{calibrator}" for calibrator in get_args(Calibrator)]


@pytest.fixture(scope="module")
def expected(cnn, windows):
    with torch.inference_mode():
        return cnn(windows)


def test_onnx_takes_any_batch_and_length(onnx_form, cnn, clips):
    assert (onnx_form.samples, onnx_form.opset) == (None, OPSET)
    assert require_parity(onnx_form, cnn, clips) <= TOLERANCE
    for samples, rows in ((5003, 1), (40_000, 5)):
        batch = torch.from_numpy(np.stack([np.resize(clip, samples) for clip in clips[:rows]]))
        with torch.inference_mode():
            torch.testing.assert_close(onnx_form.score(batch), cnn(batch), atol=1e-4, rtol=1e-4)


def test_torchscript_takes_its_crop_alone(maker, cnn, clips):
    form = maker.make("torchscript")
    assert form.samples == 16_000
    assert require_parity(form, cnn, clips) <= TOLERANCE
    with pytest.raises(ValueError, match="found windows of 8000 samples, expected 16000"):
        form.score(torch.zeros(1, 8000))


@pytest.fixture(scope="module")
def scored(maker, onnx_form, windows):
    """Scores by the name of a form."""
    return cache(lambda name: maker.make(name).score(windows))


@pytest.mark.parametrize(
    "name", ["torchscript-bf16", "torchscript-fp16", "torchscript-int8-dynamic", "onnx-int8-dynamic", *STATIC]
)
def test_rounded_forms_are_close(scored, expected, name):
    assert 0 < float((scored(name) - expected).abs().max()) < 0.25 * float(expected.std())


def test_each_calibrator_has_ranges_of_its_own(scored):
    assert not any(torch.equal(scored(one), scored(other)) for one, other in combinations(STATIC, 2))


def test_ranges_that_cannot_be_told_refuse_the_form(onnx_form, tmp_path, monkeypatch, windows):
    def too_narrow(*_, **__):
        raise ValueError("Too many bins for data range")

    monkeypatch.setattr("numpy.histogram", too_narrow)
    with pytest.raises(RefusedError, match=r"percentile finds no range .* take minmax"):
        in_8_bits_static(onnx_form.path, tmp_path / "none.onnx", [], windows.numpy(), "percentile")


def test_features_and_classifier_stay_in_single_precision(maker, onnx_form, cnn):
    import onnx

    kept = set(nodes_to_keep(onnx_form.path, cnn))
    nodes = onnx.load(maker.make("onnx-int8-static-minmax").path).graph.node
    weights = {name for node in nodes if node.name in kept for name in node.input}
    assert {"frontend.transform.cosines", "network.classifier.weight"} < weights
    rounded = {name for node in nodes if node.op_type == "QuantizeLinear" for name in node.input}
    rounded |= {name for node in nodes if node.op_type == "DequantizeLinear" for name in node.output}
    assert any("network" in name for name in rounded)
    assert not any(name.startswith(("frontend", "network.classifier")) for name in rounded)


def test_scores_do_not_depend_on_what_they_are_scored_with(maker, onnx_form, windows):
    form = maker.make("onnx-int8-dynamic")
    alone = torch.cat([form.score(window) for window in windows.split(1)])
    assert torch.equal(form.score(windows), alone)
    assert not torch.equal(form.together(windows), alone)


def test_a_form_that_is_off_is_refused_with_the_figure(onnx_form, cnn, clips):
    off = dataclasses.replace(onnx_form, together=lambda waveforms: onnx_form.together(waveforms) + 0.01)
    with pytest.raises(RefusedError, match=r"differ from the detector's by up to 0\.01 .* expected at most 0\.0001"):
        require_parity(off, cnn, clips)


def test_the_file_tells_of_itself_and_is_whole(onnx_form, tmp_path, windows):
    copy = tmp_path / "alone.onnx"
    copy.write_bytes(onnx_form.path.read_bytes())
    describe(copy, {"threshold": "0.5"})
    again = open_onnx(copy)
    assert (again.name, again.opset) == ("onnx", OPSET)
    assert again.score.metadata["threshold"] == "0.5"
    torch.testing.assert_close(again.score(windows), onnx_form.score(windows))


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(RefusedError, match=r"broken\.onnx: ONNX Runtime does not take it"):
        open_onnx(path)


def test_unknown_forms_are_named(maker):
    with pytest.raises(ValueError, match=f"found the form 'tflite', expected one of {FORMS[0]}"):
        maker.make("tflite")


def test_without_a_compiler_there_is_no_inductor(maker, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(RefusedError, match="found no C\\+\\+ compiler"):
        maker.make("inductor")


def test_a_runtime_without_an_operator_refuses_the_form(tmp_path):
    import onnx
    from onnx import TensorProto, helper

    narrow = helper.make_tensor_value_info("waveform", TensorProto.BFLOAT16, ["batch", 8])
    out = helper.make_tensor_value_info("score", TensorProto.BFLOAT16, ["batch", 8])
    graph = helper.make_graph([helper.make_node("Erf", ["waveform"], ["score"])], "narrow", [narrow], [out])
    path = tmp_path / "narrow.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)]), path)
    with pytest.raises(RefusedError, match="does not take it"):
        open_onnx(path)


def test_nothing_of_the_detector_is_changed(cnn, windows, expected, tmp_path):
    Maker(cnn, tmp_path, windows.numpy).make("torchscript-int8-dynamic")
    with torch.inference_mode():
        assert torch.equal(cnn(windows), expected)


def test_a_graph_that_is_wrong_for_other_lengths_is_found(onnx_form, cnn):
    import copy

    import onnx

    from lightning_modules.export.onnx_model import _holds

    model = onnx.load(onnx_form.path)
    assert _holds(model, cnn, (8000, 21_931), torch.float32)
    other = copy.deepcopy(cnn)
    with torch.no_grad():
        other.network.classifier.bias[1] += 0.1
    assert not _holds(model, other, (8000,), torch.float32)
    assert not _holds(model, cnn, (100,), torch.float16)  # the runtime fails: shorter than a window
