"""Protocols over any transport (Twisted's module paths)."""
