"""One gradient under several update rules, by hand and by PyTorch, number by number."""
