"""Divides labelled images into a part to train on and a part to test on.

Knows labels only, not images.
"""

import numpy as np
from numpy.typing import NDArray

_TEST_FRACTION = 0.2
_SEED = 0


def split_by_class(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices to train on and indices to test on, both ascending: 80% and 20% of every class.

    Every class keeps at least one image to train on and, from two images on, gives at least one to
    test on. The split is always the same, whatever seed a training uses: otherwise two runs would
    be tested on different images and could not be compared.
    """
    # RandomState's numbers are frozen for all NumPy versions; default_rng's are not.
    random = np.random.RandomState(_SEED)
    test: list[NDArray[np.int64]] = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        num_test = min(max(int(len(members) * _TEST_FRACTION + 0.5), 1), len(members) - 1)
        test.append(random.permutation(members)[:num_test])
    tested = np.zeros(len(labels), dtype=bool)
    tested[np.concatenate(test)] = True
    return np.flatnonzero(~tested), np.flatnonzero(tested)
