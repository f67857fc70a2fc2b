"""Side by side with peers and with the limit, in one run. Not part of the tests: `make bench`."""
