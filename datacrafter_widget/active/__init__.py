"""What should come next: data that would help, said in words, and a generator taught a rare class."""
