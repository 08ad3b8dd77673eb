"""What is laid out or worked off in another way gives the numbers of the plain one."""

import pytest
import torch

from lightning_modules.networks.clips import clip_by_clip
from lightning_modules.networks.convolution import ChannelsLastConv1d


@pytest.mark.parametrize(
    "options", [{"kernel_size": 3, "padding": 1}, {"kernel_size": 1}, {"kernel_size": 5, "stride": 2}]
)
def test_a_convolution_with_the_channels_last_is_the_plain_one(options):
    torch.manual_seed(0)
    plain, ours = torch.nn.Conv1d(4, 6, **options), ChannelsLastConv1d(4, 6, **options)
    ours.load_state_dict(plain.state_dict())
    maps = torch.randn(3, 4, 50)
    results = [convolution(maps) for convolution in (plain, ours)]
    torch.testing.assert_close(*results, atol=1e-6, rtol=1e-5)
    for result in results:
        result.square().sum().backward()
    torch.testing.assert_close(ours.weight.grad, plain.weight.grad, atol=1e-4, rtol=1e-5)
    torch.testing.assert_close(ours.bias.grad, plain.bias.grad, atol=1e-4, rtol=1e-5)


def test_a_dilated_one_too():
    torch.manual_seed(0)
    plain, ours = torch.nn.Conv1d(4, 4, 3, dilation=2, groups=2), ChannelsLastConv1d(4, 4, 3, dilation=2, groups=2)
    ours.load_state_dict(plain.state_dict())
    maps = torch.randn(3, 4, 50)
    torch.testing.assert_close(ours(maps), plain(maps), atol=1e-6, rtol=1e-5)


def test_clips_one_by_one_come_out_in_order_with_their_gradients():
    batch = torch.randn(3, 1, 5, requires_grad=True)
    seen = []

    def doubled(clips):
        seen.append(len(clips))
        return 2 * clips

    result = clip_by_clip(doubled, batch)
    assert seen == [1, 1, 1]
    assert torch.equal(result, 2 * batch)
    result.sum().backward()
    assert torch.equal(batch.grad, torch.full_like(batch, 2))


def test_a_trace_is_of_the_whole_batch():
    traced = torch.jit.trace(lambda batch: clip_by_clip(torch.neg, batch), torch.randn(2, 3))
    batch = torch.randn(5, 3)
    assert torch.equal(traced(batch), -batch)
