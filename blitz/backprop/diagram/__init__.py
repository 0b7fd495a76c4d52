"""A network as a picture: where its parts lie, the figure, and the way through its steps."""
