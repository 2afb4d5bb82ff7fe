"""The reactor, its transports, and the interfaces they speak (Twisted's module paths)."""
