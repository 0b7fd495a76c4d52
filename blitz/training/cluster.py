"""Hands runs to a Ray cluster: each is a job of Ray's, which waits there and starts where it fits.

There is no queue of ours, and nobody watches: Ray says what becomes of a run until its process
holds the run, and from then on the store and the process's signs of life do, as ever. So any
server, started at any time, sees the same.
"""

import logging
import shlex
import socket
import uuid
from collections.abc import Sequence
from contextlib import closing

from filelock import FileLock

from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.groups import split_into_groups
from blitz.training.processes import installation, num_threads, training_command
from blitz.training.ray_answers import USABLE_SECONDS, RecentAnswer
from blitz.training.ray_jobs import ClusterError, Machine, RayJobs
from blitz.training.store import ACTIVE, Run, RunStore

CLUSTER = "(the cluster)"
"""As the host of a run that has no machine yet; no machine can be called so."""
DEVICES = ("cpu", "cuda")
JOB_FILE = "ray-job"
"""In a run's folder: the name of the job that the run was last given to."""

log = logging.getLogger(__name__)


class ClusterExecutor:
    """Has runs carried out by a cluster. Safe to use from several threads and servers."""

    def __init__(self, settings: Settings, store: RunStore) -> None:
        self._settings = settings
        self._store = store
        self._jobs = RayJobs(settings.ray_address)
        self._machines = RecentAnswer(self._jobs.machines)
        self._known = RecentAnswer(self._jobs.all)
        self.host = CLUSTER

    def devices(self) -> Sequence[str]:
        """The kinds of device that Ray gives away."""
        return DEVICES

    def device(self, config: TrainConfig) -> str:
        """cpu or cuda: which GPU of which machine, Ray decides."""
        return self._device(config, self._machines.fresh())

    def known_device(self, config: TrainConfig) -> str:
        """cpu or cuda, or what was asked for while the cluster is silent."""
        try:
            return self._device(config, self._machines.get())
        except ClusterError:
            return config.device

    def _device(self, config: TrainConfig, machines: Sequence[Machine]) -> str:
        self._check_database(machines)
        asked = config.device.partition(":")[0]
        if asked not in ("auto", *DEVICES):
            raise ValueError(
                f"device: {asked!r} was given; a cluster has auto, {', '.join(DEVICES)}"
            )
        most_gpus = max((machine.gpus for machine in machines), default=0)
        if asked == "auto":
            asked = "cuda" if most_gpus >= self._share("cuda", config) else "cpu"
        most = most_gpus if asked == "cuda" else max((m.cpus for m in machines), default=0)
        if (needed := self._share(asked, config)) > most:
            what = "GPUs" if asked == "cuda" else "processors"
            raise ValueError(
                f"device: {asked} was given, for which the run needs {needed:g} {what}; "
                f"no machine of the cluster has more than {most:g}"
            )
        return asked

    def start(self, runs: Sequence[Run], locks: Sequence[FileLock]) -> None:
        """Give Ray a job of each run; runs that are faster together share one."""
        for indices in split_into_groups([run.config for run in runs]):
            self._submit([runs[index] for index in indices])
        for lock in locks:
            lock.release()

    def waiting(self, runs: Sequence[Run]) -> set[str]:
        """Ids of the runs whose job waits in Ray, or just begins, as far as anybody knows."""
        given = [run for run in runs if run.status == "starting" and run.host == CLUSTER]
        return {run.id for run in given if self._look(run)[0]}

    def remark(self, run: Run) -> str:
        """What Ray says of the run's job."""
        return self._look(run)[1] if run.host == CLUSTER else ""

    def cancel(self, run: Run) -> None:
        """Stop a run that waits in Ray, and its job once no run needs it."""
        message = "stopped before training began"
        if run.host != CLUSTER or not self._store.change_status(
            run.id, {"starting"}, "stopped", message
        ):
            return
        try:
            job_id = self._job_id(run)
            job = self._jobs.find(job_id)
            others = self._store.get_runs(job.run_ids) if job else []
            if not any(other.status in ACTIVE for other in others):
                self._jobs.stop(job_id)
        except (ClusterError, OSError) as error:
            # A job that starts nevertheless finds that there is nothing to do.
            log.warning("run %s is stopped, but its job is not: %s", run.id, error)

    def _submit(self, runs: Sequence[Run]) -> None:
        run_ids = tuple(run.id for run in runs)
        config, device = runs[0].config, runs[0].device
        share = self._share(device, config)
        job_id = f"blitz-{run_ids[0]}-{uuid.uuid4().hex[:6]}"
        environment = installation(self._settings)
        if device == "cpu" and config.processes > 1:  # else each would take what all have
            environment |= num_threads(share, config.processes)
        for run_id in run_ids:
            (self._settings.runs_folder / run_id / JOB_FILE).write_text(job_id)
        self._jobs.submit(
            job_id,
            shlex.join(training_command(run_ids, config.processes)),
            environment=environment,
            run_ids=run_ids,
            cpus=share if device == "cpu" else 0,
            gpus=share if device == "cuda" else 0,
        )

    def _share(self, device: str, config: TrainConfig) -> float:
        """How many processors or GPUs a run gets; processes that share a run share no GPU."""
        if device == "cpu":
            return self._settings.ray_cpus_per_run * config.processes
        if config.processes == 1:
            return self._settings.ray_gpus_per_run
        return max(1.0, self._settings.ray_gpus_per_run) * config.processes

    def _check_database(self, machines: Sequence[Machine]) -> None:
        is_file = self._settings.database_url.startswith("sqlite")
        if is_file and not all(_is_here(machine.ip) for machine in machines):
            raise ValueError(
                "BLITZ_DATABASE_URL: SQLite serves one machine, and the cluster has others; "
                "give the URL of a PostgreSQL database"
            )

    def _look(self, run: Run) -> tuple[bool, str]:
        """Whether the run's job will yet begin, and what a person should know."""
        try:
            job = self._known.get().get(self._job_id(run))
        except ClusterError as error:
            return True, f"waiting; {error}"
        except OSError:
            return False, "it was not given to the cluster; resume does it again"
        if job is None and abs(run.heartbeat_age) > USABLE_SECONDS:  # it is older than the answer
            return False, "the cluster knows its job no more; resume makes a new one"
        if job is None or job.status == "PENDING":
            return True, "waiting for the cluster"
        if job.is_over:
            return False, f"its job on the cluster ended at once: {job.message}"
        return True, "starting on the cluster"

    def _job_id(self, run: Run) -> str:
        return (self._settings.runs_folder / run.id / JOB_FILE).read_text()


def _is_here(ip: str) -> bool:
    """Whether an address is one of this machine's: only then can one listen at it."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            probe.bind((ip, 0))
        except OSError:
            return False
    return True
