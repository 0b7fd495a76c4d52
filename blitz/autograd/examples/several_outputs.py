"""Several outputs

Both losses lean on **hidden**. Its gradient is the sum of what the two send back. `split` returns
two tensors from one operation: click its box, and see that the two arrows that lead to it carry the
numbers 0 and 1 of the result they belong to. For x = [1, 2, 3, 4] and hidden = 2x, the first loss
is the sum of hidden's first half and the second the sum of its second half squared, so the
gradient of x is `[2, 2, 24, 32]`.

Graph: first_loss, second_loss
"""

import torch

x_values = [1.0, 2.0, 3.0, 4.0]  # -10 to 10: the input

x = torch.tensor(x_values, requires_grad=True)
hidden = 2 * x
first, second = hidden.split(2)
first_loss = first.sum()
second_loss = (second**2).sum()

torch.autograd.backward([first_loss, second_loss], retain_graph=True)
print("losses", first_loss.item(), second_loss.item())
print("x.grad", x.grad)
