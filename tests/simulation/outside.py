"""What a fork shares instead of copying it."""


class Outside:
    """A part of the simulation, or of the world around the processes."""

    def __deepcopy__(self, memo):
        return self
