"""Its parameters, by name

`parameters()` gives the tensors that learn, in the order in which `__init__` made them;
`named_parameters()` gives each its name too. An optimiser is handed the first, a person reads the
second.
"""

# %%
import pandas as pd

from blitz.models import Net, Net3x3

kernel = 5  # one of 5, 3: rows and columns of each kernel
net = Net() if kernel == 5 else Net3x3()
rows = [
    {"name": name, "shape": str(list(parameter.shape)), "numbers": parameter.numel()}
    for name, parameter in net.named_parameters()
]
pd.DataFrame(rows)

# %% [markdown]
# Look at where the numbers are: the convolutions, which do most of the work, own few of them,
# because one kernel serves every place of the image.

# %%
total = sum(parameter.numel() for parameter in net.parameters())
convolutions = sum(
    parameter.numel() for name, parameter in net.named_parameters() if name.startswith("conv")
)
print(f"{total:,} in all")
print(f"{convolutions:,} of them in the convolutions: {convolutions / total:.1%}")

# %% [markdown]
# Both methods hand out the same objects, not copies. Changing one changes the network.

# %%
print([p is q for p, (_, q) in zip(net.parameters(), net.named_parameters(), strict=True)])
