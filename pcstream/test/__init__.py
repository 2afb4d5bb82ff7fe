"""Where Twisted's users import their test doubles from."""
