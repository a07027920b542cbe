"""The resource of interface `counters`: componentize-py looks for it in a module of that name."""

from wit_world import exports

class Counter(exports.counters.Counter):
    def __init__(self, start):
        self.count = start

    def increment(self, by):
        self.count += by
        return self.count

    def value(self):
        return self.count
