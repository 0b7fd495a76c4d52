"""What the other processes of a run do, beside the first one that decides and records."""

import logging

from blitz.datasets import ImageDataset
from blitz.settings import Settings
from blitz.training.config import TrainConfig
from blitz.training.images import load_images
from blitz.training.plan import Plan
from blitz.training.team import Team

log = logging.getLogger(__name__)


def follow(settings: Settings, team: Team) -> None:
    """Train as the first process says, to the run's end; ValueError where one cannot."""
    plan = team.agree(_no_plan())
    if plan is None:
        log.info("process %d: there is nothing to do", team.rank)
        return
    dataset = load_with_team(settings, plan.config, team)
    for _ in plan.trainer(dataset, team).events():
        pass


def load_with_team(settings: Settings, config: TrainConfig, team: Team) -> ImageDataset:
    """The run's images, once every process has them; ValueError on all where one has not."""
    fault = ""
    try:
        dataset = load_images(config, settings.data_folder)
    except (ValueError, OSError) as error:
        fault = str(error).splitlines()[0]
    team.all_must(fault)
    return dataset


def _no_plan() -> Plan | None:
    return None
