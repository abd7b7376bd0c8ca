"""``python -m jupyter_shinecat`` is the ``shinecat`` command."""

from .cli import main

if __name__ == "__main__":
    main()
