"""A graph as a picture: folded, with words and places, and as the bytes that the viewer reads."""
