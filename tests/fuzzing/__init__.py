"""What is wrong on purpose: messages, picture files and templates, and what must hold of each all the same."""
