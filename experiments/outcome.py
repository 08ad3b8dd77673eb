"""What a training came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Outcome:
    """What a training came to.

    Attributes:
        run_id: its MLflow run; empty in all but the first process of a distributed training.
        dev_eer: EER on dev of the epoch that was kept, a fraction.
        stopped: ``keep_going`` ended it.
        measures: all of dev's measures of that epoch, by their names.
    """

    run_id: str
    dev_eer: float
    stopped: bool
    measures: Mapping[str, float] = field(default_factory=dict)
