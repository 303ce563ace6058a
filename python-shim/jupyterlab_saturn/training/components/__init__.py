"""The parts of a training step: loss, gradients, optimizer, precision, random numbers."""
