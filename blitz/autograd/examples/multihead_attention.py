"""Multi-head attention

One product makes queries, keys and values for all heads together: the leaf `in_proj_weight` has
3 · 32 = 96 rows. Views then cut it into heads. Asked for the weights, the module computes them in
single steps; otherwise the whole of attention is one operation, which need not hold the table of
scores in memory. Switch between the two and compare the boxes.

Graph: loss of attention
"""

import torch
from torch import nn

heads = "4"  # one of "1", "2", "4", "8": number of heads
need_weights = False  # on or off: ask for the attention weights

torch.manual_seed(0)
attention = nn.MultiheadAttention(32, int(heads), batch_first=True)
x = torch.randn(2, 6, 32)  # [batch, words, size]
mixed, weights = attention(x, x, x, need_weights=need_weights)
loss = mixed.square().mean()

print("shape", list(mixed.shape))
print("weights", None if weights is None else list(weights.shape))
