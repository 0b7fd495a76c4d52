"""Many updates at a glance: paths of parameters, surfaces of the error, sizes of gradients."""
