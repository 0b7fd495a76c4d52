"""Attention, written out

Each word makes a query, a key and a value. Queries meet keys in a product, softmax makes weights of
the scores, and the weights mix the values. The input x is used three times: find the three arrows
that meet at it. The scores are divided by the square root of the size, √16 = 4, or softmax would
saturate and its gradient vanish. With the mask on, no word sees the ones after it, and the first
one can only look at itself.

Graph: loss
"""

import torch
from torch import nn

words = 5  # 1 to 100: number of words
causal = False  # on or off: hide the words that come later
size = 16

torch.manual_seed(0)
x = torch.randn(words, size, requires_grad=True)
query, key, value, output = (nn.Linear(size, size, bias=False) for _ in range(4))

q, k, v = query(x), key(x), value(x)  # [words, 16] each
scores = q @ k.T / size**0.5  # [words, words]
if causal:
    later = torch.ones(words, words).triu(diagonal=1).bool()
    scores = scores.masked_fill(later, float("-inf"))
weights = scores.softmax(dim=-1)
mixed = output(weights @ v)
loss = mixed.square().mean()

print("weights of the first word", weights[0].tolist())
print("rows sum to", weights.sum(dim=-1).tolist())
