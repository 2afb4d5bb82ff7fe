"""Test cases that wait for Deferreds (Twisted's module paths)."""
