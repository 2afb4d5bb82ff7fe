"""What every workload here shares: processes under test, rounds, load, and the table at the end.

A workload is one script beside this package::

    from harness import command, processes

    def measure(peer, setup):            # one round of one peer, in a process of its own
        with processes.started(peer.command("echo"), core=0) as under_test:
            ...
            return {"CPU s/GB": ..., "MB/s": ...}

    if __name__ == "__main__":
        command.run(
            title="echo: ...",
            metrics=[Metric("CPU s/GB"), Metric("MB/s", more_is_better=True)],
            peers=[...],
            measure=measure,
        )

Every peer is measured in every round, in turn, so that a slow minute of the machine hits all of
them; the ratio to Twisted is taken within a round and the median of those is shown.
"""
