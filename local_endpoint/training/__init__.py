"""A trainer that really trains: a low-rank adapter on a small frozen denoiser, in numpy, on the CPU."""
