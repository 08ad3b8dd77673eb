"""Learning rates go as the schedule says, and go on after a break as if there had been none."""

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from lightning_modules.schedules import Constant, CosineWithWarmUp, OneCycle

SCHEDULES = [OneCycle(), CosineWithWarmUp(0.1, 0.05), Constant()]


def optimiser(rate):
    return torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def rates(schedule, steps, rate=1e-3):
    """Learning rate of every step."""
    optimiser_ = optimiser(rate)
    scheduler = schedule.scheduler(optimiser_, rate, steps)
    seen = []
    for step in range(steps):
        if step > 0:
            optimiser_.step()
            scheduler.step()
        seen.append(optimiser_.param_groups[0]["lr"])
    return seen


class Reference:
    """PyTorch's own cycle with a tenth of the steps on the way up."""

    def scheduler(self, optimiser, rate, steps):
        return OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.1)


def test_one_cycle_goes_up_for_a_tenth_of_the_steps():
    seen = rates(OneCycle(), 50)
    assert seen == rates(Reference(), 50)
    assert (seen[0], max(seen)) == (pytest.approx(1e-3 / 25), seen[4])
    assert seen[-1] == pytest.approx(1e-3 / 25 / 1e4)


@pytest.mark.parametrize("steps", [1, 9, 10, 11])
def test_one_cycle_of_few_steps_ends_where_a_long_one_does(steps):
    assert rates(OneCycle(), steps)[-1] == pytest.approx(1e-3 / 25 / 1e4)


def test_aasists_schedule_goes_from_its_first_to_its_last_rate():
    seen = rates(CosineWithWarmUp(warm_up_share=0, final_share=0.05), 101, 1e-4)
    assert seen[0] == 1e-4
    assert seen[50] == pytest.approx((1e-4 + 5e-6) / 2)
    assert seen[100] == pytest.approx(5e-6)
    assert seen == sorted(seen, reverse=True)


def test_warm_up_is_a_straight_line_to_the_peak():
    seen = rates(CosineWithWarmUp(warm_up_share=0.1), 100)
    assert seen[:11] == pytest.approx([1e-3 * step / 11 for step in range(1, 12)])
    assert max(seen) == seen[10] == 1e-3
    assert seen[-1] == pytest.approx(0, abs=1e-12)


def test_constant_is_constant():
    assert set(rates(Constant(), 20)) == {1e-3}


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_training_has_a_rate(steps):
    assert all(0 <= rate <= 1e-3 for rate in rates(CosineWithWarmUp(0.5), steps))


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: type(schedule).__name__)
def test_going_on_from_a_state(schedule):
    whole = rates(schedule, 20)
    first, second = optimiser(1e-3), optimiser(1e-3)
    before, after = (schedule.scheduler(made, 1e-3, 20) for made in (first, second))
    for _ in range(7):
        first.step()
        before.step()
    second.load_state_dict(first.state_dict())
    after.load_state_dict(before.state_dict())
    seen = [second.param_groups[0]["lr"]]
    for _ in range(12):
        second.step()
        after.step()
        seen.append(second.param_groups[0]["lr"])
    assert seen == whole[7:]


@pytest.mark.parametrize("arguments", [{"warm_up_share": 1.5}, {"final_share": -0.1}])
def test_a_share_is_a_share(arguments):
    with pytest.raises(ValueError, match="expected a share from 0 to 1"):
        CosineWithWarmUp(**arguments)
