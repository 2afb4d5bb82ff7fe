"""Pure state machines and doors to the kernel; nothing here is public."""
