"""Data-parallel training in processes that are forked from one, so that they start with the same weights."""

import multiprocessing
import os
import sys

import torch


class Team:
    """Every process trains a copy on batches of its own. The gradients are averaged in one order, so the copies stay equal."""

    def __init__(self, model, size):
        self.size, self.rank = size, 0
        length = sum(weight.numel() for weight in model.parameters())
        self.gradients = [torch.zeros(length).share_memory_() for _ in range(size)]
        fork = multiprocessing.get_context("fork")
        # A process that died must not keep the others waiting for ever.
        self.barrier = fork.Barrier(size, timeout=600)
        self.children = []
        for rank in range(1, size):
            child = os.fork()
            if child == 0:
                self.rank, self.children = rank, []
                break
            self.children.append(child)

    def average_gradients(self, model):
        torch.cat([weight.grad.flatten() for weight in model.parameters()], out=self.gradients[self.rank])
        self.barrier.wait()
        mean = sum(self.gradients) / self.size
        self.barrier.wait()
        for weight, gradient in zip(model.parameters(), mean.split([w.numel() for w in model.parameters()])):
            weight.grad.copy_(gradient.view_as(weight))

    def leave(self):
        """Ends all processes but the first."""
        if self.rank > 0:
            sys.stdout.flush()
            os._exit(0)
        for child in self.children:
            os.waitpid(child, 0)
