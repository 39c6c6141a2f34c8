"""`python -m autograd_lite` is the command `autograd-lite`."""

from autograd_lite.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
