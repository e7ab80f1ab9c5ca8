"""make new-type."""

import sys

from authoring.new_type import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
