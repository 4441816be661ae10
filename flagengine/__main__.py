"""``python -m flagengine``: the same as the ``flagengine`` command."""

from flagengine.cli import main

if __name__ == "__main__":
    main()
