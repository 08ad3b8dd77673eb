"""A fusion says the weighted sum of what its members say, and is described in plain values, members and all."""

import copy
import json

import pytest
import torch

from lightning_modules.cost import cost
from lightning_modules.detector import Detector
from lightning_modules.enhancement import WienerFilter
from lightning_modules.frontends import LogMel, Waveform
from lightning_modules.fusing import member_description
from lightning_modules.networks.debug import DebugNetwork
from lightning_modules.networks.fusion import Chain, Fusion
from lightning_modules.networks.network import Network, to_score
from lightning_modules.specifications import build, describe

WAVEFORM = 0.1 * torch.randn(3, 1, 8000, generator=torch.Generator().manual_seed(0))


def descriptions():
    torch.manual_seed(0)
    return [
        member_description(Detector(LogMel(n_mels=20), DebugNetwork(), enhancement=WienerFilter())),
        member_description(Detector(LogMel(n_mels=30), DebugNetwork(channels=2))),
        member_description(Detector(Waveform(), DebugNetwork(bands=1))),
    ]


@torch.no_grad()
def test_the_score_is_the_weighted_sum_of_the_members_ratios():
    fusion = Fusion(descriptions()).eval()
    fusion.chains[0].scale.fill_(3.0)
    fusion.chains[2].offset.fill_(-5.0)
    chains = torch.stack([chain(WAVEFORM[:, 0]) for chain in fusion.chains], dim=1)
    assert torch.equal(fusion.embed(WAVEFORM), chains)
    torch.testing.assert_close(to_score(fusion(WAVEFORM)), chains.mean(dim=1))
    fusion.weigh([0.5, -1.0, 2.0], offset=0.25)
    torch.testing.assert_close(to_score(fusion(WAVEFORM)), chains @ torch.tensor([0.5, -1.0, 2.0]) + 0.25)


@torch.no_grad()
def test_scale_and_offset_are_a_members_calibration():
    chain = Chain(descriptions()[0]).eval()
    raw = chain(WAVEFORM[:, 0])
    chain.scale.fill_(2.0)
    chain.offset.fill_(-1.0)
    torch.testing.assert_close(chain(WAVEFORM[:, 0]), 2 * raw - 1)


def test_it_is_described_in_plain_values_and_built_again():
    fusion = Fusion(descriptions())
    again = build(json.loads(json.dumps(describe(fusion))), Network)
    assert describe(again) == describe(fusion)
    again.load_state_dict(fusion.state_dict())
    with torch.no_grad():
        assert torch.equal(again.eval()(WAVEFORM), fusion.eval()(WAVEFORM))


def test_fusions_fuse():
    inner = member_description(Detector(Waveform(), Fusion(descriptions()[:2])))
    assert Fusion([inner, descriptions()[2]]).eval()(WAVEFORM).shape == (3, 2)


@pytest.mark.parametrize("part", ["enhancement", "frontend", "normalisation", "network", "classifier"])
def test_a_member_that_is_something_else_is_refused(part):
    members = copy.deepcopy(descriptions())
    members[1][part] = {"class_path": "subprocess.Popen", "init_args": {"args": ["true"]}}
    with pytest.raises(TypeError, match="cannot be trusted"):
        Fusion(members)


def test_members_that_do_not_go_together_are_refused():
    with pytest.raises(ValueError, match="found 1 members of 16000 Hz, expected two or more"):
        Fusion(descriptions()[:1])
    slow = member_description(Detector(LogMel(sample_rate_hz=8000), DebugNetwork()))
    with pytest.raises(ValueError, match="found 2 members of 8000 and 16000 Hz"):
        Fusion([descriptions()[0], slow])


def test_spectrograms_are_refused():
    with pytest.raises(ValueError, match="expected waveforms"):
        Fusion(descriptions())(torch.zeros(1, 20, 100))


def test_it_costs_what_its_members_cost():
    fusion = Fusion(descriptions())
    alone = [cost(chain, WAVEFORM[:1, 0]) for chain in fusion.chains]
    ours = cost(fusion, WAVEFORM[:1])
    assert ours.macs == sum(each.macs for each in alone) + 2 * 3
    assert ours.parameters.total == sum(each.parameters.total for each in alone) + 2 * 3 + 2
