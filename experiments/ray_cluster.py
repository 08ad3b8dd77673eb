"""An address in, tasks on the nodes of a Ray cluster out: the only file that talks to Ray.

Ray is asked for little: where there is room, who was lost. What a lost task was at is put back by those who know it.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from experiments.threads import cores, told

ADDRESS = "RAY_ADDRESS"  # Ray's own variable
_PASSED_ON = ("MLFLOW_", "SPOOFLAB_")
_OBJECT_STORE_BYTES = 80 * 2**20  # near Ray's least: nothing large is ever put into it
_PATIENCE_S = 120.0  # for a cancelled task to come to the end of its batch and put its work back

Argument = TypeVar("Argument")


@dataclass(frozen=True)
class Needs:
    """What a task takes of a node, as Ray reckons: it waits for a node that has so much free.

    Attributes:
        cpus: cores.
        gpus: 0.25 lets four tasks share a GPU.
    """

    cpus: float = 1
    gpus: float = 0

    @property
    def threads(self) -> int:
        """Threads for torch in a task: one for each whole core, or what ``SPOOFLAB_THREADS`` says."""
        return told() or max(1, int(self.cpus))


@dataclass(frozen=True)
class Surroundings:
    """Where the driver stands: its folder and its settings, which every task takes over.

    The settings travel with the task, not as Ray's ``runtime_env``, which its dashboard shows: there may be passwords.
    """

    folder: Path
    settings: dict[str, str] = field(repr=False)

    @classmethod
    def here(cls) -> "Surroundings":
        """Return those of this process."""
        return cls(Path.cwd(), {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)})

    def enter(self) -> None:
        """Take them over.

        Raises:
            FileNotFoundError: this node has no such folder.
        """
        if not self.folder.is_dir():
            raise FileNotFoundError(
                f"node {socket.gethostname()} has no folder {self.folder}, where the launcher stands: put the checkout "
                "and its data there on every node (in the image, or on a disk that all share)"
            )
        os.chdir(self.folder)
        os.environ.update(self.settings)


@dataclass(frozen=True)
class Task:
    """One call on some node.

    Attributes:
        name: that no other task has, now or later.
        reference: Ray's.
    """

    name: str
    reference: Any = field(repr=False)


@dataclass(frozen=True)
class Loss:
    """How a task was lost.

    Attributes:
        why: in words.
        with_node: the whole node has gone, which says nothing against the task.
    """

    why: str
    with_node: bool = False


class Cluster:
    """A Ray cluster that this process drives; made by :func:`connected`."""

    def __init__(self, ray: Any) -> None:  # noqa: ANN401 - a module that may be missing
        self._ray = ray
        self._surroundings = Surroundings.here()

    @property
    def hosts(self) -> frozenset[str]:
        """Names of the machines that are part of it now."""
        return frozenset(node["NodeManagerHostname"] for node in self._nodes())

    def has_room_for(self, needs: Needs) -> bool:
        """Tell whether a node could ever run such a task; more nodes may join later."""
        wanted = {"CPU": needs.cpus, "GPU": needs.gpus}
        return any(
            all(node["Resources"].get(kind, 0) >= amount for kind, amount in wanted.items()) for node in self._nodes()
        )

    def start(self, name: str, function: Callable[[Argument], None], argument: Argument, needs: Needs) -> Task:
        """Have a node call a function, as soon as one has room."""
        return self._start(name, function, argument, needs, None)

    def start_on_each_node(self, name: str, function: Callable[[Argument], None], argument: Argument) -> list[Task]:
        """Have every node that is there now, and is to do work, call a function once, with all its cores."""
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        return [
            self._start(
                f"{name} on {node['NodeManagerHostname']} ({node['NodeID'][:6]})",
                function,
                argument,
                Needs(cpus=node["Resources"]["CPU"]),
                strategy(node["NodeID"], soft=False),
            )
            for node in self._nodes()
            if node["Resources"].get("CPU")  # heads are often kept free of work
        ]

    def wait(self, tasks: Collection[Task], timeout_s: float | None = None) -> None:
        """Wait until one of the tasks has ended, or so long."""
        self._ray.wait([task.reference for task in tasks], num_returns=1, timeout=timeout_s)

    def ended(self, tasks: Collection[Task]) -> dict[Task, Loss | None]:
        """Return which of the tasks have ended.

        Returns:
            How each was lost: by an error of its own, with its process or its node; none for those that came to their
            end.
        """
        if not tasks:
            return {}
        by_reference = {task.reference: task for task in tasks}
        done, _ = self._ray.wait(list(by_reference), num_returns=len(by_reference), timeout=0)
        return {by_reference[reference]: self._loss(reference) for reference in done}

    def cancel(self, tasks: Collection[Task]) -> dict[Task, Loss]:
        """Press Ctrl-C in tasks, and wait until each has put back what it was at.

        Returns:
            How those were lost that did not.
        """
        if not tasks:
            return {}
        for task in tasks:
            self._ray.cancel(task.reference)
        _, late = self._ray.wait([task.reference for task in tasks], num_returns=len(tasks), timeout=_PATIENCE_S)
        overdue = Loss(f"it did not stop in {_PATIENCE_S:g} s")
        losses = {task: overdue if task.reference in late else self._loss(task.reference) for task in tasks}
        return {task: loss for task, loss in losses.items() if loss is not None}

    def _start(
        self,
        name: str,
        function: Callable[[Argument], None],
        argument: Argument,
        needs: Needs,
        strategy: Any,  # noqa: ANN401
    ) -> Task:
        # Not tried again by Ray: a trial is taken from the queue, so the same call would take another one.
        remote = self._ray.remote(_in_surroundings).options(
            name=name, num_cpus=needs.cpus, num_gpus=needs.gpus, max_retries=0, scheduling_strategy=strategy
        )
        return Task(name, remote.remote(self._surroundings, needs, function, argument))

    def _nodes(self) -> list[dict[str, Any]]:
        return [node for node in self._ray.nodes() if node["Alive"]]

    def _loss(self, reference: Any) -> Loss | None:  # noqa: ANN401
        errors = self._ray.exceptions
        try:
            self._ray.get(reference)
        except errors.OutOfMemoryError:
            return Loss("its process was ended because the memory of the node ran short")
        except errors.NodeDiedError:
            return Loss("its node died or was taken away", with_node=True)
        except (errors.WorkerCrashedError, errors.LocalRayletDiedError, errors.OwnerDiedError):
            return Loss("its process died")
        except errors.TaskCancelledError:
            return None  # as it was told to
        except errors.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            return Loss(f"{type(cause).__name__}: {cause}")
        return None


@contextmanager
def connected(address: str | None = None) -> Iterator[Cluster]:
    """Connect to a Ray cluster, and leave it afterwards.

    Args:
        address: of a running cluster (``auto``: the one of this machine); without it, and without ``RAY_ADDRESS``, one
            of this machine alone is started, and stopped in the end.

    Raises:
        RuntimeError: Ray is not installed.
        ConnectionError: there is no cluster at that address.
    """
    ray = _import_ray()
    before = signal.getsignal(signal.SIGTERM)
    try:
        if address or os.environ.get(ADDRESS):
            ray.init(address=address, log_to_driver=False, logging_level="error")
        else:
            ray.init(
                address="local",
                num_cpus=cores(),
                object_store_memory=_OBJECT_STORE_BYTES,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="error",
            )
        with suppress(TypeError, ValueError):  # a handler of C, or not the main thread
            signal.signal(signal.SIGTERM, before)  # Ray has put its own in its place
        with redirect_stdout(sys.stderr):  # Ray's daemons report on stdout, where results are to be alone
            yield Cluster(ray)
    finally:
        ray.shutdown()


def refuse_local_stores(stores: Sequence[str], hosts: Collection[str], here: str) -> None:
    """Refuse databases in files where there are other machines than this one.

    Args:
        stores: URLs.
        hosts: machines of the cluster.
        here: name of this machine.

    Raises:
        ValueError: a machine would make a database of its own, or lock the file over a network.
    """
    others = sorted(set(hosts) - {here})
    files = [store for store in stores if store.startswith("sqlite")]
    if others and files:
        raise ValueError(
            f"found {', '.join(files)} and the machines {', '.join(others)} beside {here}: SQLite is a file of one "
            "machine, and its locks do not hold over a network. Expected --storage postgresql://… for the trials and "
            "MLFLOW_TRACKING_URI=http://… of an `mlflow server`; docs/clusters.md has the commands"
        )


def _in_surroundings(
    surroundings: Surroundings, needs: Needs, function: Callable[[Argument], None], argument: Argument
) -> None:
    surroundings.enter()
    if not needs.gpus:  # Ray shows all of them to a task that asked for none
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    function(argument)


def _import_ray() -> Any:  # noqa: ANN401
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # of a cluster that is started here: it tells nobody
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.util.scheduling_strategies  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise RuntimeError("found no Ray, which --engine ray needs: pip install -e '.[ray]'") from error
    return ray
