"""Background jobs: a queue in the database (procrastinate), and the process that works it off. Every task may be cut off and done again."""
