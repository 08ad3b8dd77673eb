"""What holds for every frontend: the same call, the same refusals, any length, any device, any export."""

import pytest
import torch
from torch.export import Dim

from lightning_modules.frontends import CLIPS_AT_A_TIME, CQT, LFCC, MFCC, LogLinear, LogMel, Waveform
from lightning_modules.frontends.frontend import Frontend
from lightning_modules.frontends.self_supervised import SelfSupervised
from lightning_modules.specifications import build, describe

SMALL_CQT = {"f_min_hz": 250.0, "bins_per_octave": 12}
CASES = {
    "waveform": (Waveform, {}),
    "log_mel": (LogMel, {}),
    "log_linear": (LogLinear, {}),
    "lfcc_2021": (LFCC, {}),
    "lfcc_2019": (LFCC, {"n_fft": 512, "f_max_hz": None, "energy": False, "symmetric_window": True, "floor": 2**-52}),
    "mfcc": (MFCC, {"delta_orders": 2}),
    "cqt": (CQT, {}),
    "cqt_of_two_octaves": (CQT, {"f_min_hz": 500.0, "n_bins": 20, "bins_per_octave": 12, "hop_ms": 16.0}),
}
every_frontend = pytest.mark.parametrize(("frontend_class", "arguments"), CASES.values(), ids=CASES)


def noise(*shape, scale=0.1):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)) * scale


def test_no_frontend_goes_untested():
    shipped = {cls for cls in _subclasses(Frontend) if cls.__module__.startswith("lightning_modules")}
    shipped -= {SelfSupervised}  # needs a folder of weights: it has tests of its own
    assert {cls for cls in shipped if not cls.__abstractmethods__} == {cls for cls, _ in CASES.values()}


def test_what_checkpoints_called_it_before_it_had_a_file_of_its_own():
    arguments = {"n_mels": 40, "sample_rate_hz": 8000}
    old = build({"class_path": "lightning_modules.frontends.LogMel", "init_args": arguments}, Frontend)
    assert type(old) is LogMel
    assert old.bins == 40


@every_frontend
@pytest.mark.parametrize("sample_rate_hz", [8000, 16_000])
def test_shape_is_as_announced(frontend_class, arguments, sample_rate_hz):
    frontend = frontend_class(sample_rate_hz, **arguments)
    shortest = frontend.shortest_input_samples
    assert shortest <= sample_rate_hz // 4
    for samples in (shortest, shortest + 1, shortest + frontend.hop_samples, sample_rate_hz // 4, 6007):
        features = frontend(noise(2, samples))
        assert features.shape == (2, frontend.bins, frontend.frames_of(samples))
        assert features.dtype == torch.float32
        assert features.isfinite().all()
    assert frontend.frames_of(samples + frontend.hop_samples) == frontend.frames_of(samples) + 1


@every_frontend
def test_short_or_unbatched_waveforms_are_refused(frontend_class, arguments):
    frontend = frontend_class(**arguments)
    message = f"expected at least {frontend.shortest_input_samples} .* for {frontend_class.__name__}: tile or pad"
    with pytest.raises(ValueError, match=message):
        frontend(torch.zeros(1, frontend.shortest_input_samples - 1))
    with pytest.raises(ValueError, match=message):
        frontend.frames_of(frontend.shortest_input_samples - 1)
    for shape in ((16_000,), (1, 1, 16_000)):
        with pytest.raises(ValueError, match=r"expected \(batch, samples\)"):
            frontend(torch.zeros(shape))


@every_frontend
@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 1e-30])
def test_silence_and_extremes_are_finite(frontend_class, arguments, level):
    frontend = frontend_class(**arguments)
    square_wave = torch.full((1, 8000), level)
    square_wave[:, ::64] *= -1
    square_wave.requires_grad_()
    features = frontend(square_wave)
    assert features.isfinite().all()
    features.sum().backward()
    assert square_wave.grad.isfinite().all()


@every_frontend
def test_clips_do_not_hear_each_other(frontend_class, arguments):
    frontend = frontend_class(**arguments)
    batch = noise(CLIPS_AT_A_TIME + 3, 4000)
    torch.testing.assert_close(frontend(batch), torch.cat([frontend(clip[None]) for clip in batch]), atol=2e-4, rtol=0)


@every_frontend
def test_nothing_derived_is_in_the_checkpoint_and_arguments_are_kept(frontend_class, arguments):
    frontend = frontend_class(**arguments)
    assert not frontend.state_dict()
    again = build(describe(frontend), Frontend)
    waveform = noise(1, 4000)
    assert torch.equal(again(waveform), frontend(waveform))


@every_frontend
def test_float64_and_another_device(frontend_class, arguments):
    waveform = noise(2, 4000)
    single, double = frontend_class(**arguments), frontend_class(**arguments).double()
    features = double(waveform.double())
    assert features.dtype == torch.float64
    torch.testing.assert_close(single(waveform).double(), features, atol=2e-3, rtol=0)
    assert single.to("meta")(waveform.to("meta")).shape == features.shape  # a buffer left behind would be an error


@every_frontend
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_traced(frontend_class, arguments):
    frontend = frontend_class(**arguments).eval()
    traced = torch.jit.trace(frontend, noise(1, 8000))
    for shape in ((1, 8000), (CLIPS_AT_A_TIME + 1, 8000), (2, 5003)):
        torch.testing.assert_close(traced(noise(*shape)), frontend(noise(*shape)), atol=2e-4, rtol=0)


@every_frontend
def test_exported(frontend_class, arguments):
    frontend = frontend_class(**arguments).eval()
    shape = {0: Dim("batch", min=1, max=64), 1: Dim("samples", min=2000, max=320_000)}
    exported = torch.export.export(frontend, (noise(2, 8000),), dynamic_shapes=(shape,)).module()
    for shape in ((2, 8000), (1, 5003), (CLIPS_AT_A_TIME + 1, 12_001)):
        torch.testing.assert_close(exported(noise(*shape)), frontend(noise(*shape)), atol=2e-4, rtol=0)


def _subclasses(cls):
    return {cls}.union(*(_subclasses(sub) for sub in cls.__subclasses__()))
