"""Speaks to the job server of a Ray cluster, which is part of its dashboard.

By HTTP, as Ray documents it, and not through Ray's own client: that one waits for ever where the
cluster's machine is off, and would bring Ray into the web process. Knows nothing about runs.
"""

import http.client
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 5.0
SUBMIT_SECONDS = 30.0
"""A cluster that began just now takes its time for its first job."""
OVER = ("SUCCEEDED", "FAILED", "STOPPED")


class ClusterError(ValueError):
    """The cluster cannot be reached, or refuses: one line for a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One machine of the cluster, with what Ray may give away there."""

    ip: str
    cpus: float
    gpus: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What Ray says of one job."""

    status: str
    """PENDING, RUNNING, or one of `OVER`."""
    message: str
    run_ids: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether it has no process, and gets none any more."""
        return self.status in OVER


class RayJobs:
    """The jobs of one cluster. Raises ClusterError where it does not answer as it should."""

    def __init__(self, address: str) -> None:
        self._address = address

    def machines(self) -> list[Machine]:
        """The machines that are there now."""
        found = self._call("GET", "/api/v0/nodes")
        with self._reading():
            return [
                Machine(
                    ip=node["node_ip"],
                    cpus=node["resources_total"].get("CPU", 0.0),
                    gpus=node["resources_total"].get("GPU", 0.0),
                )
                for node in found["data"]["result"]["result"]
                if node["state"] == "ALIVE"
            ]

    def submit(
        self,
        job_id: str,
        command: str,
        *,
        environment: Mapping[str, str],
        run_ids: tuple[str, ...],
        cpus: float,
        gpus: float,
    ) -> None:
        """Have Ray start a shell command once a machine has this many processors and GPUs free."""
        job = {
            "submission_id": job_id,
            "entrypoint": command,
            "runtime_env": {"env_vars": dict(environment)},
            "metadata": {"runs": " ".join(run_ids)},
            "entrypoint_num_cpus": cpus,
            "entrypoint_num_gpus": gpus,
        }
        self._call("POST", "/api/jobs/", job, timeout=SUBMIT_SECONDS)

    def find(self, job_id: str) -> Job | None:
        """What Ray knows of a job, or None where it knows nothing."""
        found = self._call("GET", f"/api/jobs/{job_id}")
        with self._reading():
            return None if found is None else _read_job(found)

    def all(self) -> dict[str, Job]:
        """Every job that was submitted to Ray, by name."""
        found = self._call("GET", "/api/jobs/")
        with self._reading():
            return {job["submission_id"]: _read_job(job) for job in found if job["submission_id"]}

    def stop(self, job_id: str) -> None:
        """End a job; one that waits is ended as soon as it starts."""
        self._call("POST", f"/api/jobs/{job_id}/stop")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (AttributeError, KeyError, TypeError) as error:
            message = f"what answers at {self._address} is not the dashboard of a Ray cluster"
            raise ClusterError(message) from error

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Any:
        """The answer, or None for 404."""
        headers = {"Content-Type": "application/json"}
        if token := os.environ.get("RAY_AUTH_TOKEN"):  # as Ray's own programs call it
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(
            self._address + path,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise ClusterError(
                f"the cluster at {self._address} refuses: {_words(error)}"
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            words = getattr(reason, "strerror", None) or str(reason)
            message = f"the cluster at {self._address} cannot be reached: {words}"
            raise ClusterError(message) from error


def _words(refusal: urllib.error.HTTPError) -> str:
    try:
        return _last_line(refusal.read().decode(errors="replace"))
    except (OSError, http.client.HTTPException):  # they broke off
        return refusal.reason


def _read_job(found: Mapping[str, Any]) -> Job:
    return Job(
        status=found["status"],
        message=_last_line(found["message"] or ""),
        run_ids=tuple((found["metadata"] or {}).get("runs", "").split()),
    )


def _last_line(text: str) -> str:
    """What a log or traceback says in the end."""
    lines = [line.strip() for line in text.splitlines() if re.search(r"\w", line)]
    return lines[-1] if lines else "it said nothing"
