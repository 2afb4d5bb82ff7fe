"""Words shared by every floor: failures, logs, adapters (Twisted's module paths)."""
