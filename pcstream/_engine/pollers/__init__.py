"""One file per way of waiting for descriptors, each with the facts of its kernel on top.

They have one face:

- ``READABLE``, ``WRITABLE``, ``GONE``: the bits of a mask; ``GONE`` is only ever reported;
- ``register(fd, mask)``, ``modify(fd, mask)``, ``unregister(fd)``: the interest, which is
  level-triggered; unregistering never fails;
- ``poll(timeout, most)``: a list of ``(fd, mask)``, after at most ``timeout`` seconds (None: no
  limit); ``most`` is a wish that only some kernels grant;
- ``broken(fd)``: after ``poll`` has failed as a whole, what is wrong with this descriptor;
- ``close()``.
"""
