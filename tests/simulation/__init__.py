"""A deterministic simulation of clients, their server, disk, network and clock, driven by one seed.

    python -m tests.simulation --seeds 1000           # look for a seed that breaks an invariant
    python -m tests.simulation --seed 17 --trace      # replay one seed
    python -m tests.simulation.mutants --seeds 10000  # check that planted bugs are found

The client is the real one, with its real drivers, pipeline, spool and loader. Only what these modules
call from the operating system is replaced: ``threading``, ``time``, files, and the HTTP transport. One
thread runs at any moment, and a seeded scheduler decides which one. So a seed gives the same run, byte
for byte, on every machine and version of Python.
"""
