"""All that a calculation starts from: the network, its samples, and how it learns."""

from dataclasses import dataclass

from blitz.backprop.explain import Explanation, checked_learning_rate, explain
from blitz.backprop.network import Network, Table
from blitz.backprop.training import History, run_updates


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A network, a table of samples, a learning rate, and whether biases learn.

    inputs [num_samples, num_inputs], targets [num_samples, num_outputs]; one sample may be given
    without a table around it. ValueError for what does not fit together.
    """

    network: Network
    inputs: Table
    targets: Table
    learning_rate: float = 1.0
    update_biases: bool = True

    def __post_init__(self) -> None:
        inputs, targets = self.network.samples(self.inputs, self.targets)
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)
        object.__setattr__(self, "learning_rate", checked_learning_rate(self.learning_rate))

    @property
    def num_samples(self) -> int:
        """Rows of the table."""
        return len(self.inputs)

    def explain(self) -> Explanation:
        """The steps of one update."""
        return explain(
            self.network, self.inputs, self.targets, self.learning_rate, self.update_biases
        )

    def run(self, updates: int) -> History:
        """So many updates."""
        return run_updates(
            self.network, self.inputs, self.targets, self.learning_rate, updates, self.update_biases
        )
