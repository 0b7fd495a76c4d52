"""Why a tensor has no gradient."""
