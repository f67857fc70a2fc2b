"""What the commands answer: lines for people, rows and objects for programs, suites for CI systems."""
