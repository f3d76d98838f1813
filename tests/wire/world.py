"""A world with a person in it, for the tests that have prompts."""

import wire

KEY = bytes([0, 1]) + bytes(30)
KEY2 = bytes([0, 2]) + bytes(30)
ONE = ("token PIV 0123", "key 0")


class World(wire.World):
    def pinentries(self):
        """fake-pinentry, and what it becomes for "hang"."""
        return (wire.children(self.agent.pid, "fake-pinentry") +
                wire.children(self.agent.pid, "sleep"))
